"""What agents wait for: whether needs are met, who waits for whom, and which agent should start first."""

from __future__ import annotations

from collections.abc import Iterable

from .ids import AgentId
from .state import AgentRecord, State
from .status import Status, Verdict


def unmet(state: State, record: AgentRecord) -> tuple[AgentId, ...]:
    """The needs of `record` that have not succeeded yet."""
    return tuple(AgentId(need) for need in record.spec.needs if not _is_met(state.agents[AgentId(need)]))


def broken(state: State, record: AgentRecord) -> tuple[AgentId, ...]:
    """The needs of `record` that have ended and will never be met."""
    return tuple(
        AgentId(need)
        for need in record.spec.needs
        if (other := state.agents[AgentId(need)]).end is not None and not _is_met(other)
    )


def _is_met(record: AgentRecord) -> bool:
    # A writer only ends as succeeded once it is merged, so the merge need not be asked for here.
    return record.end is not None and record.end.status is Status.SUCCEEDED and record.end.verdict is not Verdict.EMPTY


def resolve(state: State, parent: AgentId, words: Iterable[str]) -> tuple[tuple[AgentId, ...], tuple[str, ...]]:
    """The agents that `words` name by id, or by title among `parent`'s children, and the words that name none."""
    found: list[AgentId] = []
    unknown: list[str] = []
    titles = {state.agents[child].spec.title: child for child in state.agents[parent].children}
    for word in words:
        name = AgentId(word.strip())
        if name not in state.agents and word.strip() in titles:
            name = titles[word.strip()]
        if name in state.agents:
            if name not in found:
                found.append(name)
        else:
            unknown.append(word)
    return tuple(found), tuple(unknown)


def awaited_by(record: AgentRecord, state: State) -> Iterable[AgentId]:
    """The agents whose end `record` waits for right now."""
    if record.waiting is not None:
        yield from record.waiting.agent_ids
    if record.checkout is None:
        yield from (AgentId(need) for need in record.spec.needs)
    if record.fixer is not None:
        yield record.fixer


def waits_for(state: State, start: Iterable[AgentId], target: AgentId) -> bool:
    """Whether one of `start` cannot end before `target`: it waits for it, or stands above one that does.

    An agent cannot end before its living children, so they count as waited for.
    """
    seen: set[AgentId] = set()
    todo = list(start)
    while todo:
        agent_id = todo.pop()
        if agent_id == target:
            return True
        if agent_id in seen:
            continue
        seen.add(agent_id)
        record = state.agents[agent_id]
        if record.is_live:
            todo.extend(awaited_by(record, state))
            todo.extend(child for child in record.children if state.agents[child].is_live)
    return False


def remaining_path(state: State) -> dict[AgentId, int]:
    """For each live agent, how many agents the longest chain that starts with it has, through what needs it.

    Starting the longest chain first keeps the whole within a few per cent of the best possible order.
    """
    dependents: dict[AgentId, list[AgentId]] = {}
    for record in state.live.values():
        for need in record.spec.needs:
            dependents.setdefault(AgentId(need), []).append(record.id)
    length: dict[AgentId, int] = {}
    # Needs name agents that already exist, so whatever needs an agent was spawned after it.
    for agent_id in reversed(state.live):
        length[agent_id] = 1 + max((length.get(other, 0) for other in dependents.get(agent_id, ())), default=0)
    return length
