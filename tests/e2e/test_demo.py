"""The default rehearsal as a newcomer plays it: real agents, files, tests and merges. Only the words are scripted."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from e2e.finished import Finished

pytestmark = pytest.mark.e2e

STORY = {
    "orchestrator": "verified",
    "sessions": "verified",
    "login": "verified",
    "reports": "verified",
    "budget alerts": "verified",
    "survey": "unverified",
    "command line": "verified",
    "export": "verified",
    "fix budget alerts": "verified",
}
RUN_FIELDS = (
    "run goal status verdict agents cost_usd tokens wall_seconds busy_seconds speedup questions merges refusals branch"
)
AGENT_FIELDS = "id title parent status verdict reason paused needs cost_usd tokens seconds turns attempts"


def test_every_agent_ends_as_the_story_says(finished: Finished) -> None:
    assert finished.done.code == 0, finished.done.err
    assert {agent["title"]: agent["verdict"] for agent in finished.result["agents"]} == STORY
    assert {agent["status"] for agent in finished.result["agents"]} == {"succeeded"}


def test_the_result_has_the_pinned_fields(finished: Finished) -> None:
    assert set(RUN_FIELDS.split()) <= set(finished.result)
    for agent in finished.result["agents"]:
        assert set(AGENT_FIELDS.split()) <= set(agent)
        assert set(agent["tokens"]) == {"input", "output", "cache_read", "cache_write"}
        assert isinstance(agent["cost_usd"], str)


def test_the_run_costs_what_its_agents_cost(finished: Finished) -> None:
    from decimal import Decimal

    result = finished.result
    assert sum(Decimal(agent["cost_usd"]) for agent in result["agents"]) == Decimal(result["cost_usd"])
    assert Decimal(result["cost_usd"]) > 0


def test_the_merged_branch_passes_the_projects_tests(finished: Finished) -> None:
    shell, result = finished.shell, finished.result
    checkout = shell.home / "checkout"
    shell.git("clone", "-q", "-b", result["branch"], str(shell.project), str(checkout))
    done = subprocess.run([sys.executable, "-m", "unittest", "-q"], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for file in ("sessions", "login", "reports", "export", "budgets"):
        assert (checkout / "ledgerline" / f"{file}.py").exists()


def test_the_users_branch_and_files_are_untouched(finished: Finished) -> None:
    shell, result = finished.shell, finished.result
    assert shell.git("rev-parse", "main") == result["base"]
    assert shell.git("status", "--porcelain") == ""


def test_the_question_reached_the_user_through_the_orchestrator(finished: Finished) -> None:
    (question,) = [q for q in finished.result["questions"] if q["kind"] == "question"]
    assert question["agents"] == [finished.agent("login")["id"]]
    assert question["passed_by"] == "a0"
    assert (question["answer"], question["answered_by"]) == ("GitHub", "user")


def test_sixty_spawns_at_the_depth_limit_are_refusals_with_the_numbers_left(finished: Finished) -> None:
    refusals = finished.result["refusals"]
    assert len(refusals) == 60
    assert {refusal["parent"] for refusal in refusals} == {finished.agent("export")["id"]}
    assert all("limit of 2" in refusal["words"] and "0 levels left" in refusal["words"] for refusal in refusals)


def test_one_needs_three_others_and_starts_after_them(finished: Finished) -> None:
    needs = finished.agent("command line")["needs"]
    assert needs == [finished.agent(title)["id"] for title in ("sessions", "login", "reports")]
    merged = [merge["agent"] for merge in finished.result["merges"]]
    assert all(merged.index(need) < merged.index(finished.agent("command line")["id"]) for need in needs)
    assert len(merged) == len(set(merged)) == 6


def test_the_fixer_worked_in_the_place_of_the_one_it_fixed(finished: Finished) -> None:
    fixer, fixed = finished.agent("fix budget alerts"), finished.agent("budget alerts")
    assert fixer["fixes"] == fixed["id"]
    assert fixer["path"] == fixed["path"]


def test_the_journal_says_what_the_engine_says_byte_for_byte_at_many_moments(finished: Finished) -> None:
    assert len(finished.moments) >= 3
    assert all(live == folded for live, folded in finished.moments)


def test_status_is_the_same_from_the_result_the_engine_and_the_journal(finished: Finished) -> None:
    asked = finished.shell.run("status", "--json", "--run", finished.run.run_id)
    assert asked.code == 0
    assert asked.out == finished.done.out
    assert json.loads(asked.out)["status"] == "succeeded"


def test_every_agent_has_its_files(finished: Finished) -> None:
    for agent in finished.result["agents"]:
        response = (finished.run.path / "agent-responses" / f"{agent['id']}.md").read_text()
        assert response.startswith(f"---\nid: {agent['id']}\n")
        assert f"status: {agent['status']}\nverdict: {agent['verdict']}\n" in response
        folder = finished.run.path / "agents" / agent["id"]
        assert json.loads((folder / "transcript.jsonl").read_text().splitlines()[0])["role"] == "user"
        assert (folder / "log.jsonl").stat().st_size > 0


def test_nothing_of_the_run_shows_in_the_projects_git(finished: Finished) -> None:
    assert (finished.shell.project / ".pilothouse" / ".gitignore").read_text() == "*\n"
    assert ".pilothouse" not in finished.shell.git("status", "--porcelain", "--ignored=no")
