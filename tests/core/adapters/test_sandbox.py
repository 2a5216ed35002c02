"""The sandbox as data: environments, command lines and orders, without starting anything."""

import json
from pathlib import Path

import pytest

from pilothouse.core.adapters.wardens import bubblewrap
from pilothouse.core.adapters.wardens.bubblewrap import bubblewrap_command, secrets
from pilothouse.core.adapters.wardens.confinement import Confinement
from pilothouse.core.adapters.wardens.environment import PLAIN_PATH, clean_environment, is_credential
from pilothouse.core.ports import Job

BWRAP = Path("/usr/bin/bwrap")


def a_job(folder: Path, *, writable: tuple[Path, ...] = (), read_only: tuple[Path, ...] = ()) -> Job:
    return Job(argv=("make", "test"), cwd=folder, writable=writable, read_only=read_only, timeout_ms=1000)


def command(job: Job, *, path: str = "", hidden: tuple[Path, ...] = (), network: bool = True) -> str:
    return " ".join(bubblewrap_command(BWRAP, job, path=path, hidden=hidden, network=network))


@pytest.mark.parametrize(
    "name",
    [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "GITHUB_TOKEN",
        "DEPLOY_KEY",
        "AWS_REGION",
        "SSH_AUTH_SOCK",
        "npm_token",
    ],
)
def test_credentials_are_known_by_their_names(name: str) -> None:
    assert is_credential(name)
    assert name not in clean_environment({name: "x"}, home="/home", user={name: "x"})


@pytest.mark.parametrize("name", ["PATH", "HOME", "GIT_CONFIG_KEY_0", "GIT_AUTHOR_NAME", "PILOTHOUSE_RUN", "KEYBOARD"])
def test_plain_variables_are_no_credentials(name: str) -> None:
    assert not is_credential(name)
    assert clean_environment({name: "x"}, home="/home", user={})[name] == "x"


def test_nothing_of_the_user_is_taken_over_but_path_locale_and_certificates() -> None:
    user = {"PATH": "/bin", "LANG": "de_DE.UTF-8", "SSL_CERT_FILE": "/ca", "EDITOR": "vi", "LD_PRELOAD": "/x"}
    assert clean_environment({}, home="/h", user=user) == {
        "PATH": "/bin",
        "HOME": "/h",
        "TMPDIR": "/tmp",
        "LANG": "de_DE.UTF-8",
        "TERM": "dumb",
        "SSL_CERT_FILE": "/ca",
    }


def test_folders_that_depend_on_where_one_stands_are_no_search_path() -> None:
    assert clean_environment({}, home="/h", user={"PATH": ".:/bin::bin"})["PATH"] == "/bin"
    assert clean_environment({}, home="/h", user={"PATH": "."})["PATH"] == PLAIN_PATH


def test_the_innermost_folder_decides(tmp_path: Path) -> None:
    kept, open_again = tmp_path / "kept", tmp_path / "kept" / "open"
    open_again.mkdir(parents=True)
    words = command(a_job(tmp_path, writable=(open_again, tmp_path), read_only=(kept,)))
    order = [words.index(part) for part in (f"--bind {tmp_path} ", f"--ro-bind-try {kept} ", f"--bind {open_again} ")]
    assert order == sorted(order)
    assert words.index("--ro-bind / /") < words.index("--tmpfs /tmp") < order[0]


def test_a_folder_that_is_both_is_read_only(tmp_path: Path) -> None:
    words = command(a_job(tmp_path, writable=(tmp_path,), read_only=(tmp_path,)))
    assert words.index(f"--bind {tmp_path}") < words.index(f"--ro-bind-try {tmp_path}")


def test_a_secret_inside_a_writable_folder_stays_hidden(tmp_path: Path) -> None:
    secret = tmp_path / ".ssh"
    secret.mkdir()
    words = command(a_job(tmp_path, writable=(tmp_path,)), hidden=(secret,))
    assert words.index(f"--bind {tmp_path}") < words.index(f"--tmpfs {secret}")


def test_links_are_followed_before_they_are_mounted(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    words = command(a_job(tmp_path / "link", writable=(tmp_path / "link",)))
    assert f"--bind {tmp_path}/real {tmp_path}/real" in words
    assert f"--chdir {tmp_path}/real" in words


def test_programs_below_a_private_folder_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_PRIVATE", (tmp_path,))
    programs = tmp_path / "environment" / "bin"
    programs.mkdir(parents=True)
    words = command(a_job(Path("/usr")), path=f"{programs}:/usr/bin:{tmp_path}")
    assert f"--ro-bind-try {programs.parent} {programs.parent}" in words
    assert f"--ro-bind-try {tmp_path} " not in words


def test_the_network_can_be_taken_away(tmp_path: Path) -> None:
    assert "--unshare-net" not in command(a_job(tmp_path))
    assert "--unshare-net" in command(a_job(tmp_path), network=False)


def test_only_secrets_that_are_there_are_hidden(tmp_path: Path) -> None:
    home, configuration = tmp_path / "home", tmp_path / "configuration"
    (home / ".ssh").mkdir(parents=True)
    (home / ".netrc").touch()
    (configuration / "anthropic").mkdir(parents=True)
    assert secrets(home, configuration) == (configuration / "anthropic", home / ".netrc", home / ".ssh")


def test_an_order_without_bubblewrap_says_what_stays_writable(tmp_path: Path) -> None:
    job = a_job(tmp_path, writable=(tmp_path,))
    orders = {level: json.loads(Confinement(level).order(job, {"PILOTHOUSE_RUN": "r"})) for level in ("S2", "S0")}
    assert str(tmp_path) in orders["S2"]["writable"]
    assert orders["S0"]["writable"] is None
    assert orders["S2"]["argv"] == ["make", "test"]
    assert orders["S2"]["env"]["PILOTHOUSE_RUN"] == "r"
