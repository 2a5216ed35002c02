"""Which tools an agent has, and what it reads of a call that cannot be carried out: a sentence it can act on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pilothouse.core.commands import AnswerQuestion, AskQuestion, AwaitAgents, FinishAgent, SpawnAgent
from pilothouse.core.ids import AgentId, RunId
from pilothouse.core.ports import Exit, Job
from pilothouse.core.spec import Spec, WorkspaceKind
from pilothouse.core.tools import team
from pilothouse.core.tools.context import ToolContext
from pilothouse.core.tools.toolbox import BRIEF, Toolbox

TOOLBOX = Toolbox()
SPEC = Spec(title="t", outcome="o", acceptance=("a",))
TEAM = {function.__name__ for function in team.FUNCTIONS}
ORDER = {"title": "login", "outcome": "People log in.", "acceptance": ["$ make test"]}


def names(spec: Spec) -> set[str]:
    return {str(schema["name"]) for schema in TOOLBOX.schemas(spec)}


def test_a_writer_has_every_tool() -> None:
    assert names(SPEC) == {*TEAM, "read", "write", "edit", "glob", "grep", "bash", "read_response"}


def test_a_read_only_agent_can_neither_write_nor_edit() -> None:
    spec = Spec(title="t", outcome="o", acceptance=("a",), workspace=WorkspaceKind.READ_ONLY)
    assert names(SPEC) - names(spec) == {"write", "edit"}


@pytest.mark.parametrize("tools", [(), ("read",), ("finish",), ("nonsense",)])
def test_a_list_of_tools_never_takes_the_team_tools_away(tools: tuple[str, ...]) -> None:
    spec = Spec(title="t", outcome="o", acceptance=("a",), tools=tools)
    assert names(spec) == TEAM | ({"read"} & set(tools))


def test_every_schema_says_what_its_fields_mean() -> None:
    for schema in TOOLBOX.schemas(SPEC):
        assert schema["description"]
        if schema["name"] not in TEAM:
            continue
        for name, field in schema["input_schema"]["properties"].items():
            assert field.get("description") or field.get("$ref") or field.get("allOf"), (schema["name"], name)


async def read_call(name: str, given: Any, spec: Spec = SPEC) -> Any:
    return await TOOLBOX.read_call({"type": "tool_use", "id": "c1", "name": name, "input": given}, spec)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("dance", {}, r"you have no tool dance; you have .*read, .*finish"),
        ("spawn_agent", {}, r"spec is missing"),
        ("spawn_agent", {"spec": {}}, r"spec.title is missing; spec.outcome is missing; spec.acceptance is missing"),
        ("spawn_agent", {"spec": {**ORDER, "tile": "x"}}, r"spec.tile"),
        ("spawn_agent", {"spec": {**ORDER, "workspace": "moon"}}, r"spec.workspace.*clone.*read-only"),
        ("spawn_agent", {"spec": {**ORDER, "budget_usd": "lots"}}, r"spec.budget_usd"),
        ("spawn_agent", {"spec": {**ORDER, "budget_usd": "NaN"}}, r"spec.budget_usd"),
        ("spawn_agent", {"spec": {**ORDER, "acceptance": "make test"}}, r"spec.acceptance"),
        ("spawn_agent", [], r"must be an object"),
        ("spawn_agent", None, r"must be an object"),
        ("await_agents", {"mode": "some"}, r"mode"),
        ("await_agents", {"timeout": 1e308}, r"await_agents: "),
        ("await_agents", {"ids": "a1"}, r"ids"),
        ("ask", {"options": ["x"]}, r"question is missing"),
        ("answer", {"question_id": "q1"}, r"text is missing"),
        ("finish", {"outcome": 3}, r"outcome.*string"),
        ("read", {}, r"file_path is missing"),
        ("read", {"file_path": "x", "fast": True}, r"there is no fast; there is file_path"),
        ("bash", {"cmd": "ls"}, r"command is missing"),
        ("write", "text", r"must be an object"),
    ],
)
async def test_a_call_that_cannot_be_read_is_answered_with_a_sentence(name: str, given: Any, words: str) -> None:
    call = await read_call(name, given)
    assert call.command is None
    assert re.search(words, call.error)
    assert "Traceback" not in call.error
    assert "pydantic" not in call.error


async def test_a_read_only_agent_that_writes_is_told_what_it_has() -> None:
    spec = Spec(title="t", outcome="o", acceptance=("a",), workspace=WorkspaceKind.READ_ONLY)
    call = await read_call("write", {"file_path": "x", "content": "y"}, spec)
    assert call.error.startswith("you have no tool write; you have ")


async def test_team_calls_become_commands() -> None:
    spawn = (await read_call("spawn_agent", {"spec": ORDER})).command
    assert isinstance(spawn, SpawnAgent)
    assert (spawn.spec.title, spawn.spec.commands) == ("login", ("make test",))
    for mode, count in (("all", None), ("any", 1), (2, 2)):
        wait = (await read_call("await_agents", {"ids": ["a1", "a2"], "mode": mode, "timeout": 1.5})).command
        assert wait == AwaitAgents((AgentId("a1"), AgentId("a2")), count, 1500)
    assert (await read_call("ask", {"question": "?"})).command == AskQuestion("?")
    answer = (await read_call("answer", {"question_id": "q1", "text": "x"})).command
    assert isinstance(answer, AnswerQuestion)
    assert answer.cite is None
    assert (await read_call("finish", {"outcome": "done"})).command == FinishAgent("done")


async def test_a_call_in_a_few_words_is_one_short_line() -> None:
    call = await read_call("bash", {"command": "echo one\n\necho " + "x" * 500})
    assert call.brief.startswith("bash echo one echo xxx")
    assert len(call.brief) <= BRIEF
    long = await read_call("ask", {"question": "a\nb" * 100})
    assert "\n" not in long.brief
    assert len(long.brief) <= BRIEF


class Recorder:
    """Runs nothing."""

    level = "S0"

    def __init__(self, exit: Exit) -> None:
        self.exit = exit
        self.jobs: list[Job] = []

    async def run(self, job: Job, on_output: object = None) -> Exit:
        self.jobs.append(job)
        return self.exit

    async def close(self) -> None:
        pass


def context(folder: Path, exit: Exit | None = None, *, is_writer: bool = True) -> tuple[ToolContext, Recorder]:
    recorder = Recorder(exit or Exit(code=0, output="", ms=10))
    made = ToolContext(
        run_id=RunId("261121-094217-k3"),
        agent_id=AgentId("a1"),
        workspace=folder,
        readable=(),
        is_writer=is_writer,
        responses=folder / "responses",
        output=folder / "output.txt",
        processes=recorder,
        bash_ms=60_000,
        on_output=lambda text: None,
    )
    return made, recorder


@pytest.mark.parametrize(
    ("exit", "text", "is_error"),
    [
        (Exit(code=0, output="", ms=1), "[no output]", False),
        (Exit(code=0, output="fine\n", ms=1), "fine", False),
        (Exit(code=3, output="bad\n", ms=1), "bad\n[exit code 3]", True),
        (Exit(code=124, output="", ms=2_000, timed_out=True), "[ended after 2 s: time limit]", True),
        (Exit(code=0, output="x", ms=1, dropped_bytes=9), "x\n[9 bytes left out above; all of it: output.txt]", False),
    ],
)
async def test_how_a_command_ended_is_part_of_its_result(tmp_path: Path, exit: Exit, text: str, is_error: bool) -> None:
    place, _ = context(tmp_path, exit)
    result = await TOOLBOX.perform("bash", place, {"command": "x"})
    assert (result.text, result.is_error) == (text, is_error)


@pytest.mark.parametrize(("wanted", "given"), [(None, 60_000), (500, 500), (1e12, 60_000), (1500.4, 1500)])
async def test_a_command_never_gets_more_time_than_the_run_allows(
    tmp_path: Path, wanted: float | None, given: int
) -> None:
    place, recorder = context(tmp_path)
    await TOOLBOX.perform("bash", place, {"command": "x", "timeout_ms": wanted})
    assert recorder.jobs[0].timeout_ms == given
    assert recorder.jobs[0].environment == {"PILOTHOUSE_RUN": "261121-094217-k3", "PILOTHOUSE_AGENT": "a1"}


@pytest.mark.parametrize(
    "given",
    [{"command": ""}, {"command": 5}, {"command": "a\0b"}, {"command": "x", "timeout_ms": -1},
     {"command": "x", "timeout_ms": "soon"}],
)  # fmt: skip
async def test_a_command_that_cannot_be_run_is_refused_in_words(tmp_path: Path, given: dict[str, Any]) -> None:
    place, recorder = context(tmp_path)
    result = await TOOLBOX.perform("bash", place, given)
    assert result.is_error
    assert result.text.startswith("bash: ")
    assert recorder.jobs == []


async def test_a_read_only_agents_command_may_write_nowhere(tmp_path: Path) -> None:
    place, recorder = context(tmp_path, is_writer=False)
    await TOOLBOX.perform("bash", place, {"command": "x"})
    assert recorder.jobs[0].writable == ()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("read", {"file_path": "missing.txt"}),
        ("read", {"file_path": "../outside.txt"}),
        ("read", {"file_path": "/etc/passwd"}),
        ("read", {"file_path": 7}),
        ("read", {"file_path": "nul\0l"}),
        ("write", {"file_path": "link/x", "content": "x"}),
        ("edit", {"file_path": "here.txt", "old_string": "nowhere", "new_string": "x"}),
        ("grep", {"pattern": "("}),
        ("glob", {"pattern": "/etc/*"}),
        ("glob", {"pattern": "[" * 2000}),
        ("read_response", {"id": "../../secret"}),
        ("read_response", {"id": "a9"}),
    ],
)
async def test_files_outside_or_missing_are_refused_in_words(tmp_path: Path, name: str, given: dict[str, Any]) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    (workspace / "here.txt").write_text("here")
    (workspace / "link").symlink_to(tmp_path)
    place, _ = context(workspace)
    result = await TOOLBOX.perform(name, place, given)
    if name == "glob":
        assert "passwd" not in result.text
    else:
        assert result.is_error, result
    assert "secret" not in result.text.replace("../../secret", "")
    assert 0 < len(result.text) < 3_000
    assert not (tmp_path / "x").exists()
