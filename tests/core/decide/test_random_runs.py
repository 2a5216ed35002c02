"""Whatever happens, in whatever order: every state is valid, the journal tells it all, and every run ends."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.default_story import default_world
from fakes.random_runs import Team, chance, random_world, settle, teams
from fakes.world import World, folded
from pilothouse.core.events import AgentSpawned, BlockerFound, TryGranted
from pilothouse.core.selectors import run_result

EARLY = st.booleans()
"""Whether effects take place when they begin: then they can be neither cancelled nor lost in a crash."""

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)

quick = settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
thorough = settings(quick, max_examples=3_000)


def assert_the_journal_tells_it_all(world: World) -> None:
    again = folded(world.journal)
    again.touched.clear()
    world.state.touched.clear()
    assert again == world.state
    assert msgspec.json.encode(run_result(again)) == msgspec.json.encode(world.result)


def assert_no_second_silent_try(world: World) -> None:
    fixers = Counter(e.fixes for e in world.events if isinstance(e, AgentSpawned) and e.fixes is not None)
    allowed = Counter(e.agent_id for e in world.events if isinstance(e, BlockerFound | TryGranted))
    assert all(count <= allowed[name] for name, count in fixers.items())


@quick
@given(teams(), EARLY)
def test_any_run_stays_valid_and_ends(team: Team, early: bool) -> None:
    world = random_world(team, early=early)
    world.run()
    settle(world)
    assert_the_journal_tells_it_all(world)
    assert_no_second_silent_try(world)


@quick
@given(teams(), EARLY, st.integers(0, 10_000))
def test_any_run_survives_its_engine(team: Team, early: bool, place: int) -> None:
    world = random_world(team, early=early)
    world.cuts = []
    world.run()
    cuts = [cut for cut in world.cuts if cut.lines]
    again = world.restarted(cuts[place % len(cuts)])
    settle(again)
    assert_the_journal_tells_it_all(again)
    assert_no_second_silent_try(again)


@pytest.mark.prove
@thorough
@given(teams(), EARLY, st.lists(st.integers(0, 10_000), min_size=1, max_size=4))
def test_any_run_survives_engine_after_engine(team: Team, early: bool, places: list[int]) -> None:
    world = random_world(team, early=early)
    world.cuts = []
    world.run()
    for place in places:
        cuts = [cut for cut in world.cuts or () if cut.lines]
        world = world.restarted(cuts[place % len(cuts)])
        world.cuts = cuts[: place % len(cuts) + 1]
        world.play()
    settle(world)
    assert_the_journal_tells_it_all(world)
    assert_no_second_silent_try(world)


@quick
@given(st.integers(0, 2**32))
def test_the_default_scenario_ends_the_same_in_whatever_order_outcomes_come(seed: int) -> None:
    def shuffled(title: str, kind: str, number: int) -> int:
        return 10 + chance(seed, title, kind, number) ** 2

    world = default_world(durations=shuffled)
    run = world.run().run
    assert (run.status, run.verdict) == ("succeeded", "verified")
    ends = Counter(agent.verdict for agent in world.result.agents)
    assert sorted(ends.values()) == [1, 9]
    assert world.disk.commits[world.disk.tip]["provider"] == "google"
    assert len(run.refusals) == 60
    assert_the_journal_tells_it_all(world)
