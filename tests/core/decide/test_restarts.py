"""The engine dies after any line of the journal; another one takes over and reaches the same."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.default_story import default_world
from fakes.world import Cut, World, folded
from pilothouse.core.instructions import MergeWork, StartTool, StartTurn
from pilothouse.core.money import ZERO
from pilothouse.core.views import AgentView, RunResult

EARLY, LATE = True, False
"""Whether what was in flight at the crash had already had its effect on the disk, or not."""


def cut_everywhere(**changes: Any) -> World:
    """The default scenario, played to its end, with what a crash after each line would leave."""
    world = default_world(cuts=[], watch=False, **changes)
    world.run()
    world.cuts = [cut for cut in world.cuts or () if cut.lines]
    return world


def tree(result: RunResult) -> dict[str, tuple[object, ...]]:
    """Who there was, below whom, after whom, and how it ended; by title, as ids depend on the order of events."""
    titles = {agent.id: agent.title for agent in result.agents}

    def describe(agent: AgentView) -> tuple[object, ...]:
        needs = tuple(titles[need] for need in agent.needs)
        parent = titles[agent.parent] if agent.parent else None
        checks = tuple((check.command, check.passed) for check in agent.checks)
        return parent, needs, agent.status, agent.verdict, agent.summary, checks

    return {agent.title: describe(agent) for agent in result.agents}


def answers(result: RunResult) -> set[tuple[object, ...]]:
    """What was asked and answered."""
    return {(question.text, question.answer, question.answered_by) for question in result.questions}


def merges(world: World) -> set[str]:
    """Whose work was merged, by title; the branch's files are compared beside it."""
    return {world.state.agents[merge.agent].spec.title for merge in world.state.merges}  # type: ignore[index]


def interrupted_change(world: World, cut: Cut) -> bool:
    """Whether a tool was in flight whose outcome nobody can know."""
    state = folded(world.journal[: cut.lines])
    open_tools = [e.instruction for e in state.effects.values() if isinstance(e.instruction, StartTool)]
    return any(tool.name not in ("read", "grep", "glob") for tool in open_tools)


@pytest.mark.parametrize("early", [EARLY, LATE])
def test_cut_after_any_line_the_run_reaches_the_same_tree_merges_and_answers(early: bool) -> None:
    world = cut_everywhere(early=early)
    for cut in world.cuts or ():
        again = world.restarted(cut)
        again.play()
        place = f"cut after line {cut.lines}"
        assert tree(again.result) == tree(world.result), place
        assert answers(again.result) == answers(world.result), place
        assert merges(again) == merges(world), place
        assert again.disk.commits[again.disk.tip] == world.disk.commits[world.disk.tip], place
        assert len(again.result.run.refusals) == len(world.result.run.refusals), place


def test_with_nothing_lost_even_the_ids_and_times_are_the_same() -> None:
    world = cut_everywhere()
    for cut in world.cuts or ():
        if not interrupted_change(world, cut):
            again = world.restarted(cut)
            again.play()
            assert again.result.run.merges == world.result.run.merges
            assert [(a.id, a.title, a.ended_at) for a in again.result.agents] == [
                (a.id, a.title, a.ended_at) for a in world.result.agents
            ]


def test_every_state_after_a_restart_is_valid() -> None:
    world = cut_everywhere()
    for cut in (world.cuts or ())[::7]:
        again = world.restarted(cut)
        again.watch = True
        again.play()
        assert folded(again.journal).agents == again.state.agents


def test_a_merge_that_happened_but_was_not_noted_happens_only_once() -> None:
    world = cut_everywhere(early=EARLY)
    found = 0
    for cut in world.cuts or ():
        if any(isinstance(e.instruction, MergeWork) for e in folded(world.journal[: cut.lines]).effects.values()):
            again = world.restarted(cut)
            again.play()
            assert merges(again) == merges(world)
            found += 1
    assert found


def test_a_call_that_was_interrupted_is_charged_at_what_was_set_aside_and_made_again() -> None:
    world = cut_everywhere()
    cut = next(c for c in world.cuts or () if _open_turns(world, c))
    reserved = sum((turn.reserved_usd for turn in _open_turns(world, cut)), ZERO)
    before = folded(world.journal[: cut.lines]).agents
    after = world.restarted(cut).state.agents
    assert sum(a.cost_usd for a in after.values()) == sum(a.cost_usd for a in before.values()) + reserved
    assert any(agent.estimated for agent in after.values())


def _open_turns(world: World, cut: Cut) -> list[StartTurn]:
    state = folded(world.journal[: cut.lines])
    return [e.instruction for e in state.effects.values() if isinstance(e.instruction, StartTurn)]


def test_a_tool_that_may_have_done_something_comes_back_as_unknown() -> None:
    world = cut_everywhere()
    cut = next(c for c in world.cuts or () if interrupted_change(world, c))
    again = world.restarted(cut)
    lost = [e for e in folded(again.journal[: cut.lines]).effects.values() if isinstance(e.instruction, StartTool)]
    writers = [e.agent_id for e in lost if isinstance(e.instruction, StartTool) and e.instruction.name == "write"]
    for name in writers:
        assert name is not None
        turns = [e for e in again.state.agents[name].effects.values() if isinstance(e.instruction, StartTurn)]
        notes = [note.text for note in again.state.agents[name].inbox]
        assert turns
        assert any(note.startswith("outcome unknown") for note in notes)


@pytest.mark.parametrize("down_ms", [0, 3_600_000])
def test_the_time_without_an_engine_counts_for_nobody(down_ms: int) -> None:
    world = cut_everywhere()
    cut = next(c for c in world.cuts or () if _open_turns(world, c))
    again = world.restarted(cut, down_ms=down_ms)
    again.play()
    assert again.result.run.wall_seconds < world.result.run.wall_seconds + 60
    assert again.result.run.busy_seconds < world.result.run.busy_seconds + 60
    assert again.result.run.status == "succeeded"


def test_an_engine_that_dies_again_and_again_gets_there_all_the_same() -> None:
    world = cut_everywhere(faults=lambda title, turn, attempt: None)
    again, lines = world, 5
    while lines < len(again.journal):
        cuts: list[Cut] = []
        cut = next(c for c in again.cuts or () if c.lines >= lines)
        again = again.restarted(cut)
        again.cuts = cuts
        again.play()
        lines = cut.lines + 12
    assert tree(again.result) == tree(world.result)
