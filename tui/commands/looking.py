"""Looking at runs: `ls`, `status`, `tree`, `cost`, `log`, `response`, `questions`. Nothing here changes one."""

from __future__ import annotations

import time
from pathlib import Path

import click
import msgspec

from pilothouse.core.errors import PilothouseError, UsageError
from pilothouse.core.face.folders import RunFolder, runs_of
from pilothouse.core.views import AgentView, RunResult

from ..display.glyphs import UNICODE, mark_of
from ..display.words import dollars
from .common import as_json, chosen, escaped, json_option, note, print_json, project, result_of, run_option, say

FOLLOW_SECONDS = 0.1
"""How often `log -f` looks for more."""


class LogLine(msgspec.Struct):
    """One line of a log, as the engine writes it."""

    at: int
    kind: str
    text: str


@click.command("ls")
@json_option
def ls_(as_json: bool) -> None:
    """The runs of this project, newest first."""
    rows = []
    for run in runs_of(project()):
        try:
            result = result_of(run)
        except PilothouseError as problem:
            note(f"pilothouse: {problem}")
            continue
        rows.append((run, result))
    if as_json:
        print_json([_row(run, result) for run, result in rows])
        return
    for run, result in rows:
        view = result.run
        live = "live" if run.is_going() else ""
        verdict = view.verdict.value if view.verdict else ""
        say(f"{run.run_id}  {view.status:<9} {verdict:<10} {live:<4} {dollars(view.cost_usd):>7}  {_line(view.goal)}")
    if not rows:
        note('no runs yet; start one with `pilothouse run "GOAL"` or `pilothouse demo`')


def _row(run: RunFolder, result: RunResult) -> dict[str, object]:
    view = result.run
    return {
        "run": run.run_id,
        "goal": view.goal,
        "status": view.status,
        "verdict": view.verdict,
        "live": run.is_going(),
        "cost_usd": view.cost_usd,
        "agents": len(result.agents),
        "started_at": view.started_at,
        "ended_at": view.ended_at,
    }


def _line(text: str) -> str:
    return " ".join(text.split())


@click.command("status")
@click.option("--line", is_flag=True, help="One short line, for a prompt or a status bar.")
@run_option
@json_option
def status_(run: str | None, as_json: bool, line: bool) -> None:
    """How a run stands."""
    result = result_of(chosen(run))
    if as_json:
        print_json(_as_json(result))
    elif line:
        say(_short(result))
    else:
        say(_summary(result))


def _as_json(result: RunResult) -> dict[str, object]:
    return as_json(result)


def _short(result: RunResult) -> str:
    waiting = sum(1 for q in result.questions if q.answer is None and q.holder is None)
    parts = [result.run.status, f"{result.run.running}/{result.run.max_running}", dollars(result.run.cost_usd)]
    return " ".join([*([f"({waiting})"] if waiting else []), *parts])


def _summary(result: RunResult) -> str:
    run = result.run
    verdict = f" ({run.verdict.value})" if run.verdict else ""
    speedup = f" · ×{run.speedup:.1f} against one by one (estimate)" if run.speedup else ""
    lines = [
        f"{run.run}  {run.status}{verdict}{'  REHEARSAL' if run.rehearsal else ''}",
        _line(run.goal),
        f"agents {run.spawned}/{run.max_agents} · running {run.running}/{run.max_running} · "
        f"{dollars(run.cost_usd)} of {dollars(run.max_cost_usd)}{speedup}",
    ]
    lines += [f"{q.id} asks: {_line(q.text)}" for q in result.questions if q.answer is None and q.holder is None]
    return "\n".join(lines)


@click.command("tree")
@run_option
@json_option
def tree_(run: str | None, as_json: bool) -> None:
    """The agents of a run as a tree."""
    result = result_of(chosen(run))
    if as_json:
        print_json(_as_json(result)["agents"])
        return
    agents = {agent.id: agent for agent in result.agents}
    for agent in result.agents:
        if agent.parent is None:
            _branch(agents, agent, "", "")


def _branch(agents: dict[str, AgentView], agent: AgentView, lead: str, below: str) -> None:
    mark = mark_of(agent)
    cost = f"{dollars(agent.cost_usd)} / {dollars(agent.subtree_cost_usd)}"
    say(f"{lead}{UNICODE.of(mark)} {agent.id} {_line(agent.title)}  {mark.word}  {_line(agent.activity)[:70]}  {cost}")
    for place, name in enumerate(agent.children):
        last = place == len(agent.children) - 1
        _branch(agents, agents[name], below + ("└ " if last else "├ "), below + ("  " if last else "│ "))


@click.command("cost")
@run_option
@json_option
def cost_(run: str | None, as_json: bool) -> None:
    """What a run has cost, agent by agent."""
    result = result_of(chosen(run))
    if as_json:
        print_json(_costs(result))
        return
    for agent in result.agents:
        tokens = agent.tokens
        say(
            f"{agent.id:<4} {_line(agent.title):<28.28} "
            f"{dollars(agent.cost_usd):>8} {dollars(agent.subtree_cost_usd):>8}  "
            f"in {tokens.input} out {tokens.output} cache {tokens.cache_read}/{tokens.cache_write}"
        )
    say(f"{'run':<33} {dollars(result.run.cost_usd):>8} of {dollars(result.run.max_cost_usd)}")


def _costs(result: RunResult) -> dict[str, object]:
    return {
        "run": result.run.run,
        "cost_usd": result.run.cost_usd,
        "max_cost_usd": result.run.max_cost_usd,
        "tokens": result.run.tokens,
        "agents": [
            {
                "id": agent.id,
                "title": agent.title,
                "cost_usd": agent.cost_usd,
                "subtree_cost_usd": agent.subtree_cost_usd,
                "tokens": agent.tokens,
            }
            for agent in result.agents
        ],
    }


@click.command("log")
@click.argument("agent")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the agent has ended.")
@run_option
@json_option
def log_(agent: str, run: str | None, follow: bool, as_json: bool) -> None:
    """What an agent has been doing, line by line."""
    folder = chosen(run)
    if agent not in {view.id for view in result_of(folder).agents}:
        raise UsageError(f"there is no agent {agent} in {folder.run_id}; `pilothouse tree` shows them")
    path = folder.path / "agents" / agent / "log.jsonl"
    offset = 0
    while True:
        ended = not follow or not folder.is_live() or _has_ended(folder, agent)
        offset = _print_from(path, offset, as_json)
        if ended:
            return
        time.sleep(FOLLOW_SECONDS)


def _has_ended(folder: RunFolder, agent: str) -> bool:
    return any(view.id == agent and view.ended_at is not None for view in result_of(folder).agents)


def _print_from(path: Path, offset: int, as_json: bool) -> int:
    """Print the whole lines from `offset` on; where they end."""
    if not path.exists():
        return offset
    with path.open("rb") as file:
        file.seek(offset)
        for raw in file:
            if not raw.endswith(b"\n"):
                break
            offset += len(raw)
            try:
                line = msgspec.json.decode(raw, type=LogLine)
            except ValueError:
                note(f"pilothouse: a damaged line of {path} is left out")
                continue
            if as_json:
                click.echo(escaped(raw.decode().rstrip("\n")))
            else:
                moment = time.strftime("%H:%M:%S", time.localtime(line.at / 1000))
                say(f"{moment} {line.kind:<6} {line.text}")
    return offset


@click.command("response")
@click.argument("agent")
@run_option
def response_(agent: str, run: str | None) -> None:
    """The response file of an agent."""
    folder = chosen(run)
    path = folder.path / "agent-responses" / f"{agent}.md"
    if "/" in agent or not path.exists():
        raise UsageError(f"{agent} has no response in {folder.run_id} (yet); `pilothouse tree` shows its agents")
    say(path.read_text(encoding="utf-8"))


@click.command("questions")
@run_option
@json_option
def questions_(run: str | None, as_json: bool) -> None:
    """The questions that wait for you."""
    waiting = [q for q in result_of(chosen(run)).questions if q.answer is None and q.holder is None]
    if as_json:
        print_json(waiting)
        return
    for question in waiting:
        options = f"  ({' / '.join(question.options)})" if question.options else ""
        say(f"{question.id}  {', '.join(question.agents)}  {question.text}{options}")
        if question.why:
            say(f"    {question.why}")
    if not waiting:
        note("nothing waits for you")
