"""Settings: who is heard before whom, what a project may say, and what is wrong in one sentence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pilothouse.core.errors import ExitCode, SettingsError
from pilothouse.core.limits import Limits
from pilothouse.core.settings import Resolved, Settings, resolve


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("PILOTHOUSE_")]:
        monkeypatch.delenv(name)


def settings(project: str = "", user: str = "", **flags: object) -> Resolved:
    return resolve(flags, project.encode() or None, user.encode() or None)


def test_the_defaults_are_those_of_the_limits() -> None:
    resolved = settings()
    assert resolved.settings.limits() == Limits()
    assert resolved.origin == {}
    assert resolved.project_commands == {}


def test_a_flag_goes_before_the_environment_the_project_and_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    user, project = "max_agents = 20\n", "max_agents = 10\n"
    assert settings(user=user).settings.max_agents == 20
    assert settings(project, user).settings.max_agents == 10
    monkeypatch.setenv("PILOTHOUSE_MAX_AGENTS", "15")
    assert settings(project, user).settings.max_agents == 15
    resolved = settings(project, user, max_agents="30", model=None)
    assert resolved.settings.max_agents == 30
    assert resolved.origin == {"max_agents": "flag"}


@pytest.mark.parametrize(
    ("user", "project", "key", "held"),
    [
        ("", "max_cost = 1", "max_cost", Decimal(1)),
        ("", "max_cost = 50", "max_cost", Decimal(5)),
        ("max_cost = 50", "max_cost = 20", "max_cost", Decimal(20)),
        ("max_cost = 2", "max_cost = 4", "max_cost", Decimal(2)),
        ("", "max_depth = 9", "max_depth", 2),
        ("", "max_running = 100", "max_running", 8),
        ("", "agent_minutes = 1000", "agent_minutes", 15),
        ("", "max_load = 100", "max_load", 2),
        ('sandbox = "S3"', 'sandbox = "S0"', "sandbox", "S3"),
        ("", 'sandbox = "S3"', "sandbox", "S3"),
        ("background = false", "background = true", "background", True),
        ("", "background = false", "background", True),
    ],
)
def test_a_project_may_only_tighten(user: str, project: str, key: str, held: object) -> None:
    assert getattr(settings(project, user).settings, key) == held


def test_commands_of_the_project_are_told_apart_and_those_of_the_user_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml = 'validation = ["make test"]\n[workspace]\nsetup = "make deps"\nshare = [".venv"]\n'
    assert settings(toml).project_commands == {"validation": ["make test"], "workspace.setup": "make deps"}
    assert settings(user=toml).project_commands == {}
    assert settings(toml, validation=["mine"]).project_commands == {"workspace.setup": "make deps"}
    monkeypatch.setenv("PILOTHOUSE_VALIDATION", "mine")
    assert settings(toml).project_commands == {"workspace.setup": "make deps"}


@pytest.mark.parametrize(
    ("given", "held"),
    [("make test", ("make test",)), ('["a", "b"]', ("a", "b")), ("[ -f x ]", ("[ -f x ]",)), ("", ())],
)
def test_a_variable_may_hold_one_command_or_a_list(
    monkeypatch: pytest.MonkeyPatch, given: str, held: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PILOTHOUSE_VALIDATION", given)
    assert settings().settings.validation == held


def test_the_marks_of_processes_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for mark in ("RUN", "AGENT", "JOB", "WARDEN"):
        monkeypatch.setenv(f"PILOTHOUSE_{mark}", "x")
    assert settings().settings == settings().settings


WRONG = [
    ("max_agnets = 1", "max_agnets"),
    ("[workspace]\nsteup = 'x'", "workspace.steup"),
    ("[limits]\nmax_cost = 1", "limits"),
    ("max_cost = 0", "max_cost"),
    ("max_cost = -1", "max_cost"),
    ("max_cost = nan", "max_cost"),
    ("max_cost = inf", "max_cost"),
    ("max_cost = 'five'", "max_cost"),
    ("max_cost = 1e300", "max_cost"),
    ("max_agents = 0", "max_agents"),
    ("max_agents = 1.5", "max_agents"),
    ("max_agents = 99999999999999999999", "max_agents"),
    ("max_depth = -1", "max_depth"),
    ("run_minutes = inf", "run_minutes"),
    ("bash_minutes = nan", "bash_minutes"),
    ("bash_minutes = 1e300", "bash_minutes"),
    ("max_load = 0", "max_load"),
    ("sandbox = 'S9'", "sandbox"),
    ("sandbox = 3", "sandbox"),
    ("model = ''", "model"),
    ("model = 5", "model"),
    ("background = 'perhaps'", "background"),
    ("validation = 5", "validation"),
    ("validation = [1]", "validation"),
    ("workspace = 'x'", "workspace"),
    ("[workspace]\nshare = 'x'", "workspace.share"),
    ("max_cost = 1979-05-27", "max_cost"),
    ("max_cost", "cannot be read"),
    ("max_cost = [", "cannot be read"),
    ("max_cost = 1\nmax_cost = 2", "cannot be read"),
    ("\x00", "cannot be read"),
    (f"model = {'[' * 50}{']' * 50}", "model"),
    (f"sandbox = '{'x' * 10_000}'", "sandbox"),
]


@pytest.mark.parametrize(("toml", "word"), WRONG)
def test_what_is_wrong_is_one_sentence_that_names_the_key_and_the_file(toml: str, word: str) -> None:
    for given, file in (({"project": toml}, "pilothouse.toml"), ({"user": toml}, "config.toml")):
        with pytest.raises(SettingsError) as caught:
            settings(**given)
        sentence = str(caught.value)
        assert word in sentence
        assert sentence.startswith(file)
        assert len(sentence) < 500
        assert caught.value.exit_code is ExitCode.USAGE


def test_a_file_that_is_no_text_is_told() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        resolve({}, b"\xff\xfe", None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PILOTHOUSE_MAX_AGNETS", "1", "PILOTHOUSE_MAX_AGNETS"),
        ("PILOTHOUSE_MAX_AGENTS", "many", "max_agents = 'many'"),
        ("PILOTHOUSE_WORKSPACE", "{", "WORKSPACE"),
        ("PILOTHOUSE_WORKSPACE__STEUP", "x", "workspace.steup"),
        ("PILOTHOUSE_WORKSPACE__SHARE", "x", "WORKSPACE"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings()
    assert words.lower() in str(caught.value).lower()


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
