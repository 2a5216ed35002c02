"""The whole default scenario, played by the kernel alone on a virtual clock."""

from __future__ import annotations

import time

import msgspec
import pytest

from fakes.default_story import HELPERS, PROVIDER, default_world
from fakes.world import World, folded
from pilothouse.core.events import SpawnRefused
from pilothouse.core.selectors import run_result
from pilothouse.core.views import AgentView


@pytest.fixture(scope="module")
def world() -> World:
    world = default_world()
    world.run()
    return world


def agent(world: World, title: str) -> AgentView:
    """The agent of that title."""
    return next(agent for agent in world.result.agents if agent.title == title)


def test_it_ends_verified_and_landed_in_less_than_a_second() -> None:
    world = default_world(watch=False)
    before = time.perf_counter()
    run = world.run().run
    assert time.perf_counter() - before < 1
    assert (run.status, run.verdict) == ("succeeded", "verified")
    assert run.landing is not None
    assert world.disk.landed == run.landing.commit == run.tip


def test_every_agent_ends_as_the_story_says(world: World) -> None:
    ends = {agent.title: (agent.status.value, agent.verdict and agent.verdict.value) for agent in world.result.agents}
    verified = ("succeeded", "verified")
    assert ends == {
        "orchestrator": verified,
        "models": verified,
        "login": verified,
        "billing": verified,
        "styles": verified,
        "survey": ("succeeded", "unverified"),
        "reports": verified,
        "pages": verified,
        "charts": verified,
        "fix billing": verified,
    }


def test_independent_agents_work_side_by_side(world: World) -> None:
    assert world.result.run.speedup is not None
    assert world.result.run.speedup > 1.5


def test_the_question_reaches_the_user_through_the_orchestrator_while_others_go_on(world: World) -> None:
    (question,) = world.result.questions
    assert (question.text, question.passed_by, question.answer, question.answered_by) == (
        PROVIDER,
        "a0",
        "Google",
        "user",
    )
    assert question.answered_at is not None
    assert any(question.asked_at < merge.at < question.answered_at for merge in world.result.run.merges)
    assert world.disk.commits[world.disk.tip]["provider"] == "google"


def test_failing_checks_are_mended_by_one_fixer_in_the_same_workspace(world: World) -> None:
    fixer, fixed = agent(world, "fix billing"), agent(world, "billing")
    assert fixer.fixes == fixed.id
    assert fixer.path == fixed.path
    assert [merge.agent for merge in world.result.run.merges].count(fixer.id) == 0


def test_two_that_touch_the_same_file_both_get_merged(world: World) -> None:
    files = world.disk.commits[world.disk.tip]
    assert files["routes#login"] == files["routes#styles"] == files["routes#home"] == "ok"


def test_the_one_that_needs_three_starts_when_the_last_of_them_is_merged(world: World) -> None:
    pages = agent(world, "pages")
    needs = [agent(world, title) for title in ("models", "login", "billing")]
    assert pages.needs == tuple(need.id for need in needs)
    last = max(need.ended_at or 0 for need in needs)
    first_turn = min(d.at for d in world.decisions for i in d.instructions if getattr(i, "agent_id", None) == pages.id)
    assert first_turn == last


def test_sixty_helpers_at_the_depth_limit_are_refused_and_are_no_agents(world: World) -> None:
    charts = agent(world, "charts")
    refusals = [refusal for refusal in world.result.run.refusals if refusal.parent == charts.id]
    assert len(refusals) == HELPERS
    assert {refusal.code for refusal in refusals} == {"depth"}
    assert charts.depth == 2
    assert not charts.children
    assert all("0 levels left" in e.words for e in world.events if isinstance(e, SpawnRefused))


def test_folding_the_journal_gives_the_live_state_byte_for_byte(world: World) -> None:
    again = folded(world.journal)
    world.state.touched.clear()
    again.touched.clear()
    assert again == world.state
    assert msgspec.json.encode(run_result(again)) == msgspec.json.encode(world.result)
