"""The scenarios, played with real files, tests and merges: every story ends as it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fakes.rehearsed_run import Player, RehearsedRun
from pilothouse.core.adapters.rehearsal.lay_down import lay_down_project
from pilothouse.core.adapters.rehearsal.scenario import load
from pilothouse.core.errors import UsageError

pytestmark = pytest.mark.e2e


def suite_passes(project: Path) -> bool:
    return subprocess.run([sys.executable, "-m", "unittest", "-q"], cwd=project, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> RehearsedRun:
    """The default scenario, played once."""
    run = RehearsedRun(load("default"), tmp_path_factory.mktemp("default"), answer="Google")
    run.play()
    return run


def named(run: RehearsedRun, title: str) -> Player:
    return next(player for player in run.players if player.title == title)


def test_the_project_is_sound_before_anything_is_done(tmp_path: Path) -> None:
    commit = lay_down_project(tmp_path / "one")
    assert suite_passes(tmp_path / "one")
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path / "one", capture_output=True, text=True)
    assert status.stdout == ""
    assert (tmp_path / "one" / "AGENTS.md").is_file()
    assert lay_down_project(tmp_path / "two") == commit, "the same commit everywhere"


def test_the_project_is_never_laid_over_something_else(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        lay_down_project(tmp_path)


def test_everything_is_merged_and_the_suite_passes(default: RehearsedRun) -> None:
    parts = ["sessions", "login", "export", "reports", "budget alerts", "command line"]
    assert sorted(default.merged) == sorted(parts)
    assert suite_passes(default.project)
    assert default.players[0].outcome is not None
    assert not default.players[0].outcome.get("failed")


def test_the_question_reaches_the_user_and_the_answer_is_used(default: RehearsedRun) -> None:
    (question,) = default.asked
    assert question["options"] == ["GitHub", "Google"]
    assert question["default"] == "GitHub"
    assert default.escalated == ["q1"]
    assert 'CHOSEN = "google"' in (default.project / "ledgerline/login.py").read_text()


def test_one_agent_fails_its_tests_and_is_fixed(default: RehearsedRun) -> None:
    assert [player.title for player in default.players if player.fixed_by] == ["budget alerts"]


def test_sixty_helpers_are_refused_at_the_depth_limit(default: RehearsedRun) -> None:
    export = named(default, "export")
    assert (export.depth, export.refusals) == (2, 60)


def test_two_agents_touch_the_same_file_and_merge_cleanly(default: RehearsedRun) -> None:
    routes = (default.project / "ledgerline/routes.py").read_text()
    assert "ledgerline.login:start" in routes
    assert "ledgerline.reports:monthly" in routes


def test_one_agent_needs_three_others_and_one_only_explores(default: RehearsedRun) -> None:
    assert len(named(default, "command line").spec["needs"]) == 3
    assert named(default, "survey").spec["workspace"] == "read-only"
    assert not [item for item in named(default, "survey").spec["acceptance"] if item.startswith("$ ")]


def test_four_agents_have_enough_to_do_for_the_speed_up_to_show(default: RehearsedRun) -> None:
    first = [player for player in default.players if player.depth == 1 and not player.spec.get("needs")]
    assert len(first) >= 4
    assert sum(player.output_tokens >= 900 for player in first) >= 3


@pytest.mark.parametrize("answer", ["GitHub", "our own: Gitea'); import os #", "???"])
def test_any_answer_makes_working_code(answer: str, tmp_path: Path) -> None:
    lay_down_project(tmp_path / "project")
    run = RehearsedRun(load("default"), tmp_path, answer=answer)
    login = Player("a1", "login", 1, tmp_path / "project")
    run.live(login, "# Order: login")
    assert suite_passes(tmp_path / "project")


def test_a_conflict_is_resolved_by_a_fixer(tmp_path: Path) -> None:
    run = RehearsedRun(load("conflict"), tmp_path)
    run.play()
    assert [player.fixed_by is not None for player in run.players[1:3]] == [False, True]
    health = (run.project / "ledgerline/expenses.py").read_text()
    assert '"version": "1.1", "currency": "EUR"' in health
    assert "<<<<" not in health
    assert suite_passes(run.project)


def test_both_fixers_of_a_conflict_know_what_to_do() -> None:
    agents = load("conflict").agents
    assert agents["fix version"][0].calls == agents["fix currency"][0].calls


@pytest.mark.parametrize(("name", "agents"), [("hello", 0), ("faults", 0), ("sixty", 12), ("hostile", 2)])
def test_the_short_scenarios_end(name: str, agents: int, tmp_path: Path) -> None:
    run = RehearsedRun(load(name), tmp_path, answer="plain")
    root = run.play()
    assert root.outcome is not None
    assert len(run.players) == agents + 1
    assert root.refusals == (48 if name == "sixty" else 0)
