"""How each instruction comes out: what it does to the disk, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pilothouse.core.ids import CallId
from pilothouse.core.instructions import (
    AnyInstruction,
    CheckPlace,
    FindCitation,
    LandBranch,
    MergeWork,
    PrepareWorkspace,
    RunChecks,
    StartTool,
    StartTurn,
)
from pilothouse.core.money import Tokens
from pilothouse.core.orders import order_text
from pilothouse.core.outcomes import (
    AnyOutcome,
    CheckResult,
    ChecksFinished,
    CitationChecked,
    EffectFailed,
    Landed,
    ToolCall,
    ToolFinished,
    TurnCompleted,
    TurnFailed,
    WorkspaceReady,
)
from pilothouse.core.state import AgentRecord, State

from .disk import CONFLICT, Disk, Files
from .script import Fault, Reply, Script, Seen, Use

Faults = Callable[[str, int, int], Fault | None]
"""Whether the call of the agent of that title fails, in its turn number ..., at its attempt number ..."""
Happen = Callable[[], AnyOutcome]
"""Lets an effect take place and says what came of it."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How the world behaves."""

    scripts: Mapping[str, Script]
    faults: Faults
    thirst: float
    """How many tokens a byte makes, at most 1: the dearest there can be."""
    output_tokens: int
    checks_fail: Callable[[str, Files], bool]


def plan(manners: Manners, state: State, disk: Disk, record: AgentRecord | None, do: AnyInstruction) -> Happen:
    """What `do` will do. All that it needs of the state is taken now: while it runs, the state moves on."""
    match do:
        case LandBranch(tip=tip):
            return lambda: _land(state, disk, tip)
        case RunChecks():
            return lambda: _check(manners, disk, record, do)
    assert record is not None
    match do:
        case StartTurn():
            return _turn(manners, state, disk, record, do)
        case StartTool():
            return _tool(disk, record, do)
        case PrepareWorkspace():
            return lambda: _prepare(disk, record, do)
        case MergeWork(tip=tip):
            return lambda: disk.merge(record.id, tip)
        case FindCitation(cite=cite):
            return lambda: _find(disk, record, cite)


def _land(state: State, disk: Disk, tip: str) -> AnyOutcome:
    if state.started.base_branch is None:
        return EffectFailed("your checkout is on no branch")
    disk.landed = tip
    return Landed(state.started.base_branch, tip, state.started.base)


def _check(manners: Manners, disk: Disk, record: AgentRecord | None, do: RunChecks) -> AnyOutcome:
    if do.place is CheckPlace.WORKSPACE:
        assert record is not None
        assert record.checkout is not None
        files = disk.trees[record.checkout.owner].files
    else:
        assert do.commit is not None
        files = disk.commits[do.commit]
    failed = {command: manners.checks_fail(command, files) for command in do.commands}
    return ChecksFinished(tuple(CheckResult(c, int(bad), 900, "1 failed" if bad else "") for c, bad in failed.items()))


def passes(command: str, files: Files) -> bool:
    """A small language of checks: `has NAME WORDS`, `sound` (nothing broken, no conflict left), `true`, `false`."""
    match command.split():
        case ["has", name, words]:
            return files.get(name) == words
        case ["sound"]:
            return not any(words in ("broken", CONFLICT) for words in files.values())
        case _:
            return command == "true"


def _prepare(disk: Disk, record: AgentRecord, do: PrepareWorkspace) -> AnyOutcome:
    owner = do.of or record.id
    tree = disk.prepare(owner, do.base)
    if do.merge is not None:
        disk.stage(owner, do.merge)
    return WorkspaceReady(f"/work/{owner}", tree.base, f"pilothouse/run/{owner}")


def _find(disk: Disk, record: AgentRecord, cite: str) -> AnyOutcome:
    files = disk.trees[record.id].files
    return CitationChecked(next((name for name, words in files.items() if cite in words), None))


def _tool(disk: Disk, record: AgentRecord, do: StartTool) -> Happen:
    entry = next(e for e in disk.read(record.id, record.conversation) if do.call_id in e.uses)
    use = entry.uses[do.call_id]
    assert record.checkout is not None
    owner = record.checkout.owner

    def happen() -> AnyOutcome:
        if use.writes:
            disk.write(owner, use.writes)
        text = disk.trees[owner].files.get(use.brief, f"{use.name} done")
        return ToolFinished(disk.append(record.id, (text,)))

    return happen


def _turn(manners: Manners, state: State, disk: Disk, record: AgentRecord, do: StartTurn) -> Happen:
    entries = disk.read(record.id, record.conversation)
    turns = sum(entry.is_turn for entry in entries)
    assert turns == record.turns
    notes = tuple(note.text for note in record.inbox[: do.notes])
    first = (order_text(state, record),) if not turns else ()
    since = len(entries) - next((i for i, e in enumerate(reversed(entries)) if e.is_turn), len(entries))
    fresh = "\n".join([*first, *(text for entry in entries[since:] for text in entry.texts), *notes])
    before = tuple(text for entry in entries if entry.is_turn for text in entry.texts[:1])
    reply = manners.scripts[record.spec.title](Seen(turns, (*before, fresh)))
    fault = manners.faults(record.spec.title, turns, do.attempt)
    read = _read(manners, state, record, [*first, *notes])
    price = state.prices[do.model]
    assert price is not None
    if fault is not None:
        tokens = Tokens(input=read) if fault.kind.value in ("incomplete", "stalled") else Tokens()
        failed = TurnFailed(
            fault.kind, fault.message, fault.retry_after_ms, tokens, price.cost(tokens), bool(tokens.input)
        )
        return lambda: failed
    tokens = Tokens(cache_write=read, output=min(max(reply.output_tokens, manners.output_tokens), do.max_tokens))
    cost = price.cost(tokens)
    assert cost <= do.reserved_usd, f"{record.id} spends {cost} of {do.reserved_usd}"
    calls, uses = _calls(record, turns, reply)

    def happen() -> AnyOutcome:
        span = disk.append(record.id, (fresh, reply.text), uses)
        return TurnCompleted(span, reply.stop_reason, tokens, cost, calls, reply.text)

    return happen


def _read(manners: Manners, state: State, record: AgentRecord, added: list[str]) -> int:
    """How many tokens a call reads: what the last one held, and what was added since."""
    spans = record.conversation[record.context_spans :] if record.context_tokens else record.conversation
    size = sum(span.length for span in spans) + sum(len(text.encode()) + 60 for text in added)
    if not record.context_tokens:
        size += state.started.overhead_bytes
    return record.context_tokens + int(size * manners.thirst)


def _calls(record: AgentRecord, turns: int, reply: Reply) -> tuple[tuple[ToolCall, ...], dict[CallId, Use]]:
    calls: list[ToolCall] = []
    uses: dict[CallId, Use] = {}
    for number, call in enumerate(reply.calls):
        name = CallId(f"{record.id}.{turns}.{number}")
        if isinstance(call, Use):
            uses[name] = call
            calls.append(ToolCall(name, call.name, call.brief))
        else:
            calls.append(ToolCall(name, type(call).__name__, command=call))
    return tuple(calls), uses
