"""One run at the moments that the screen has to show: a team that adds a sign-in, in the middle and at its end.

The story is told as a picture and log files, as an engine would leave them.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from pilothouse.core.face.picture import Picture
from pilothouse.core.money import Tokens
from pilothouse.core.spec import Spec, WorkspaceKind
from pilothouse.core.status import Pause, Reason, Status, Verdict
from pilothouse.core.views import (
    Activity,
    AgentView,
    CheckView,
    MergeView,
    QuestionView,
    RefusalView,
    RunView,
)

START = 1_795_261_320_000
"""2026-11-21 11:42:00 UTC."""
NOW = START + 284_000
RUN = "261121-114200-k3"
GOAL = "Add sign-in and a billing page to the shop, with tests"


class Chapter(StrEnum):
    """A moment of the story."""

    QUESTION = "question"
    """Agents run, wait and are queued; one asks the user, one is paused."""
    RECEIPT = "receipt"
    """The run has ended well."""


def tell(folder: Path, chapter: Chapter = Chapter.QUESTION) -> Picture:
    """The picture of the run at `chapter`; its logs are written below `folder`."""
    picture = Picture(folder=folder, connected=True, seen_at=NOW)
    is_over = chapter is Chapter.RECEIPT
    picture.run = _ended_run() if is_over else _run()
    for agent in _ended_team() if is_over else _team():
        picture.agents[agent.id] = agent
    for question in _questions(is_over):
        picture.questions[question.id] = question
    if not is_over:
        live = "The callback has to compare the state with the one in the session before it "
        picture.activities["a6"] = Activity(agent="a6", kind="say", text=live, tokens=212)
    _write_logs(folder)
    return picture


def ago(seconds: float) -> int:
    """The moment `seconds` before now."""
    return NOW - round(seconds * 1000)


def agent(agent_id: str, title: str, parent: str | None = "a0", **changes: Any) -> AgentView:
    """An agent that runs, but for `changes`."""
    spec = changes.pop("spec", None) or Spec(
        title=title,
        outcome=f"The {title} part works and is covered by tests.",
        acceptance=(
            f"$ python -m unittest tests.test_{title.split()[0].replace('-', '_')}",
            "nothing else has changed",
        ),
        paths=(f"shop/{title.split()[0]}.py",),
        workspace=WorkspaceKind.CLONE,
    )
    facts: dict[str, Any] = {
        "id": agent_id,
        "title": title,
        "parent": parent,
        "status": Status.RUNNING,
        "verdict": None,
        "reason": None,
        "paused": False,
        "pause": Pause.NONE,
        "needs": (),
        "cost_usd": "0.08",
        "tokens": Tokens(input=8_200, output=2_100, cache_read=30_400, cache_write=4_100),
        "seconds": 61.0,
        "turns": 6,
        "attempts": 6,
        "depth": 1,
        "children": (),
        "fixes": None,
        "activity": "",
        "since": ago(3),
        "spawned_at": ago(240),
        "ended_at": None,
        "model": "claude-sonnet-5-5",
        "workspace": "clone",
        "path": None,
        "branch": f"pilothouse/{RUN}/{agent_id}",
        "spec": spec,
    }
    facts.update(changes)
    facts.setdefault("subtree_cost_usd", facts["cost_usd"])
    return AgentView(**facts)


def done(agent_id: str, title: str, summary: str, **changes: Any) -> AgentView:
    """An agent that ended verified, but for `changes`."""
    facts: dict[str, Any] = {
        "status": Status.SUCCEEDED,
        "verdict": Verdict.VERIFIED,
        "reason": Reason("done", "finished"),
        "activity": summary,
        "summary": summary,
        "since": ago(100),
        "ended_at": ago(100),
    }
    return agent(agent_id, title, changes.pop("parent", "a0"), **{**facts, **changes})


_ORCHESTRATOR = Spec(
    title="orchestrator",
    outcome="Customers can sign in and pay; every part is tested and merged.",
    acceptance=("$ python -m unittest discover", "sign-in and billing are linked from the front page"),
    context="The shop is a small WSGI application on the standard library.",
)


def _team() -> list[AgentView]:
    return [
        agent(
            "a0",
            "orchestrator",
            None,
            status=Status.WAITING,
            reason=Reason("await", "on 3 of 7 agents", ("a4", "a5", "a6")),
            cost_usd="0.41",
            subtree_cost_usd="1.83",
            children=("a1", "a2", "a3", "a4", "a5", "a7", "a9"),
            depth=0,
            since=ago(12),
            spec=_ORCHESTRATOR,
            spawned_at=START,
        ),
        done("a1", "models", "User, Session and Invoice, 14 tests", cost_usd="0.21", seconds=131.0),
        done(
            "a2",
            "survey payment options",
            "three providers compared, no code",
            verdict=Verdict.UNVERIFIED,
            cost_usd="0.14",
            seconds=74.0,
            workspace="read-only",
        ),
        agent(
            "a3",
            "login",
            status=Status.BLOCKED,
            reason=Reason("question", "blocked on q1", ("q1",)),
            cost_usd="0.12",
            since=ago(102),
            activity="ask",
        ),
        agent(
            "a4",
            "billing",
            activity="bash python -m unittest tests.test_billing",
            since=ago(2),
            cost_usd="0.29",
            subtree_cost_usd="0.42",
            children=("a8",),
        ),
        agent(
            "a5",
            "routes",
            status=Status.WAITING,
            reason=Reason("fixer", "on fixer a6", ("a6",)),
            since=ago(41),
            cost_usd="0.19",
            subtree_cost_usd="0.34",
            children=("a6",),
        ),
        agent(
            "a6",
            "fix routes",
            "a5",
            activity="edit shop/routes.py",
            fixes="a5",
            depth=2,
            cost_usd="0.15",
            since=ago(4),
        ),
        agent(
            "a7",
            "page styles",
            paused=True,
            pause=Pause.PAUSED,
            reason=Reason("paused", "paused by you"),
            cost_usd="0.05",
            since=ago(95),
        ),
        agent(
            "a8",
            "invoice numbers",
            "a4",
            activity="spawn refused: depth 3 is beyond the limit of 2",
            depth=2,
            cost_usd="0.13",
            since=ago(7),
        ),
        agent(
            "a9",
            "front page",
            status=Status.QUEUED,
            reason=Reason("needs", "needs a3, a4, a5", ("a3", "a4", "a5")),
            needs=("a3", "a4", "a5"),
            cost_usd="0",
            since=ago(240),
            seconds=0.0,
            turns=0,
            attempts=0,
        ),
    ]


def _ended_team() -> list[AgentView]:
    check = CheckView(command="python -m unittest discover", passed=True, exit_code=0, seconds=2.4, tail="Ran 61 tests")
    summary = "Customers can sign in with GitHub and pay by invoice. Everything is merged and tested."
    return [
        done(
            "a0",
            "orchestrator",
            summary,
            parent=None,
            depth=0,
            cost_usd="0.63",
            subtree_cost_usd="2.38",
            spec=_ORCHESTRATOR,
            checks=(check,),
            evidence="shop/front.py links /login and /billing; tests.test_front opens both.",
            seconds=48.0,
        ),
        done("a1", "models", "User, Session and Invoice, 14 tests", cost_usd="0.21", seconds=131.0),
        done(
            "a2",
            "survey payment options",
            "three providers compared, no code",
            verdict=Verdict.UNVERIFIED,
            cost_usd="0.14",
            seconds=74.0,
        ),
        done("a3", "login", "sign-in with GitHub, 11 tests", cost_usd="0.33", seconds=139.0),
        done("a4", "billing", "invoices and the billing page, 17 tests", cost_usd="0.36", seconds=163.0),
        done("a5", "routes", "repaired by a6: a time zone was lost", cost_usd="0.19", seconds=88.0),
        done("a6", "fix routes", "tz-aware fixture, 9 tests", parent="a5", fixes="a5", cost_usd="0.18", seconds=57.0),
        done(
            "a7",
            "page styles",
            "",
            status=Status.KILLED,
            verdict=None,
            reason=Reason("kill", "killed by you"),
            cost_usd="0.05",
            seconds=31.0,
        ),
        done("a8", "invoice numbers", "gapless numbers, 4 tests", parent="a4", cost_usd="0.13", seconds=52.0),
        done("a9", "front page", "links to both, 6 tests", cost_usd="0.16", seconds=66.0),
    ]


def _questions(answered: bool) -> list[QuestionView]:
    return [
        QuestionView(
            id="q1",
            kind="ask",
            agents=("a3",),
            text="Which OAuth provider should customers sign in with?",
            options=("GitHub", "Google", "both"),
            why="The goal names none, and the redirect URL has to be registered with the provider.",
            default="GitHub",
            holder=None,
            passed_by="a0",
            holds=("a9",),
            asked_at=ago(102),
            answer="GitHub" if answered else None,
            answered_by="user" if answered else None,
            cite=None,
            answered_at=ago(60) if answered else None,
        ),
    ]


def _run() -> RunView:
    return RunView(
        run=RUN,
        goal=GOAL,
        status="running",
        verdict=None,
        reason=None,
        cost_usd="1.83",
        tokens=Tokens(input=81_000, output=22_400, cache_read=412_000, cache_write=38_000),
        wall_seconds=284.0,
        busy_seconds=880.0,
        speedup=3.1,
        merges=(MergeView("a1", "4c1f0a92be", 3, 214, 2, ago(110)),),
        refusals=tuple(
            RefusalView("a8", f"helper {number}", "depth", "depth 3 is beyond the limit of 2; 0 of 60 spawned", ago(8))
            for number in range(60)
        ),
        branch=f"pilothouse/{RUN}/run",
        base="9d0e77aa10c4",
        base_branch="main",
        tip="4c1f0a92be77",
        project="/home/me/shop",
        model="claude-sonnet-5-5",
        rehearsal="sign-in",
        sandbox="S3",
        max_cost_usd="5.00",
        max_running=8,
        max_agents=32,
        running=3,
        spawned=10,
        started_at=START,
        ended_at=None,
        at=NOW,
        landing=None,
    )


def _ended_run() -> RunView:
    merges = tuple(
        MergeView(agent_id, commit, files, more, less, ago(seconds))
        for agent_id, commit, files, more, less, seconds in (
            ("a1", "4c1f0a92be", 3, 214, 2, 190),
            ("a8", "77ab02c1d9", 2, 58, 0, 120),
            ("a4", "0be19fd244", 5, 301, 12, 90),
            ("a5", "c40d11e6a0", 2, 96, 31, 70),
            ("a3", "f19a3b7706", 4, 188, 9, 40),
            ("a9", "8802d4ef51", 2, 47, 6, 9),
        )
    )
    check = CheckView(command="python -m unittest discover", passed=True, exit_code=0, seconds=2.4, tail="Ran 61 tests")
    return msgspec.structs.replace(
        _run(),
        status="succeeded",
        verdict=Verdict.VERIFIED,
        cost_usd="2.38",
        busy_seconds=849.0,
        speedup=3.0,
        merges=merges,
        tip="8802d4ef51ab",
        running=0,
        ended_at=NOW,
        checks=(check,),
    )


def _write_logs(folder: Path) -> None:
    for agent_id, lines in _LOGS.items():
        path = folder / "agents" / agent_id / "log.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(_log_line(*line) for line in lines))
    responses = folder / "agent-responses"
    responses.mkdir(exist_ok=True)
    (responses / "a1.md").write_text(_RESPONSE, encoding="utf-8")


def _log_line(seconds: float, kind: str, text: str) -> bytes:
    return msgspec.json.encode({"at": ago(seconds), "kind": kind, "text": text}) + b"\n"


_LOGS: dict[str, list[tuple[float, str, str]]] = {
    "a0": [
        (284, "told", GOAL),
        (
            280,
            "think",
            "Models first; login, billing and routes can start beside them, the front page needs all three.",
        ),
        (
            276,
            "say",
            "I split this into models, a survey of payment options, login, billing, routes and page styles, "
            "and a front page that starts as soon as its parts are merged.",
        ),
        (
            274,
            "tool",
            "spawn_agent models · survey payment options · login · billing · routes · page styles · front page",
        ),
        (273, "result", "a1 a2 a3 a4 a5 a7 a9"),
        (110, "note", "a1 models is verified and merged (+214 -2)"),
        (
            104,
            "think",
            "login asks for a provider. The goal does not name one, I have nothing to quote: the user decides.",
        ),
        (102, "say", "login needs a decision from you: GitHub or Google. Everything else goes on meanwhile."),
        (101, "tool", "await_agents a4 a5 a6"),
    ],
    "a3": [
        (
            236,
            "think",
            "The provider decides about the redirect URL and the scopes. Look for a hint in the project first.",
        ),
        (230, "tool", "grep oauth|client_id shop/ tests/"),
        (229, "result", "no match"),
        (221, "tool", "read shop/sessions.py"),
        (220, "result", "84 lines"),
        (190, "tool", "write shop/login.py  +71"),
        (188, "say", "The flow is written against a small Provider record, so that only the choice is open."),
        (170, "tool", "write tests/test_login.py  +48"),
        (151, "tool", "bash python -m unittest tests.test_login"),
        (149, "result", "Ran 7 tests in 0.041s\nOK"),
        (104, "ask", "Which OAuth provider should customers sign in with?  GitHub / Google / both"),
        (103, "note", "passed on to you by a0"),
    ],
    "a4": [
        (236, "think", "An invoice has lines, a number without gaps and a date. Numbers can be a helper's work."),
        (231, "tool", "spawn_agent invoice numbers"),
        (230, "result", "a8"),
        (204, "tool", "write shop/billing.py  +143"),
        (171, "tool", "bash python -m unittest tests.test_billing"),
        (
            169,
            "error",
            "exit 1\nFAIL: test_total_rounds_half_even (tests.test_billing.Total)\n"
            "AssertionError: Decimal('10.13') != Decimal('10.12')",
        ),
        (150, "say", "Rounding has to be half even, as the ledger does it."),
        (141, "tool", "edit shop/billing.py  +3 -1"),
        (120, "tool", "bash python -m unittest tests.test_billing"),
        (117, "result", "Ran 12 tests in 0.118s\nOK"),
        (80, "tool", "edit shop/templates.py  +64 -4"),
        (
            31,
            "say",
            "The billing page lists open invoices first; paid ones are folded away below a line with their sum.",
        ),
        (2, "tool", "bash python -m unittest tests.test_billing"),
    ],
    "a6": [
        (52, "note", "started to fix a5: validation failed, exit 1"),
        (
            50,
            "result",
            "FAIL: test_expiry (tests.test_routes.Routes)\n"
            "TypeError: can't compare offset-naive and offset-aware datetimes",
        ),
        (44, "tool", "read shop/routes.py"),
        (43, "result", "132 lines"),
        (
            30,
            "think",
            "The fixture hands over a naive value; the code is right. Change the fixture, not the comparison.",
        ),
        (21, "tool", "read tests/test_routes.py"),
        (20, "result", "77 lines"),
        (4, "tool", "edit shop/routes.py  +2 -2"),
    ],
}

_RESPONSE = """\
---
id: a1
title: models
status: succeeded
verdict: verified
cost_usd: "0.21"
turns: 9
---

# Models

User, Session and Invoice are plain dataclasses with a small SQLite store behind them.

- `shop/models.py`: the three records and their checks
- `shop/store.py`: one connection a thread, migrations by number
- `tests/test_models.py`: 14 tests, all passing

Sessions expire after 30 days of rest; the limit is a constant beside the record.
"""
