"""A command that a repository names runs only once its user has agreed to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.core.adapters.git.trust import Trust, digest_of
from pilothouse.core.errors import PilothouseError

COMMANDS = {"validation": ["make test"], "setup": "npm ci"}


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "config" / "trusted")


def test_nothing_is_trusted_at_first(trust: Trust, tmp_path: Path) -> None:
    assert not trust.is_trusted(tmp_path, digest_of(COMMANDS))


def test_trust_is_for_these_commands_in_this_project(trust: Trust, tmp_path: Path) -> None:
    trust.trust(tmp_path, digest_of(COMMANDS))
    assert trust.is_trusted(tmp_path, digest_of(dict(reversed(COMMANDS.items()))))
    assert not trust.is_trusted(tmp_path, digest_of({**COMMANDS, "setup": "npm ci; curl evil"}))
    assert not trust.is_trusted(tmp_path / "other", digest_of(COMMANDS))


def test_agreeing_to_new_commands_takes_the_old_agreement_back(trust: Trust, tmp_path: Path) -> None:
    trust.trust(tmp_path, digest_of(COMMANDS))
    trust.trust(tmp_path, digest_of({"setup": "make"}))
    assert not trust.is_trusted(tmp_path, digest_of(COMMANDS))


def test_an_agreement_can_be_taken_back(trust: Trust, tmp_path: Path) -> None:
    trust.trust(tmp_path, digest_of(COMMANDS))
    assert trust.revoke(tmp_path)
    assert not trust.revoke(tmp_path)
    assert not trust.is_trusted(tmp_path, digest_of(COMMANDS))


def test_an_agreement_that_others_could_have_written_does_not_count(trust: Trust, tmp_path: Path) -> None:
    trust.trust(tmp_path, digest_of(COMMANDS))
    (file,) = trust.folder.iterdir()
    file.chmod(0o666)
    assert not trust.is_trusted(tmp_path, digest_of(COMMANDS))
    file.chmod(0o600)
    assert trust.is_trusted(tmp_path, digest_of(COMMANDS))
    file.rename(tmp_path / "moved")
    file.symlink_to(tmp_path / "moved")
    assert not trust.is_trusted(tmp_path, digest_of(COMMANDS))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PilothouseError, match="the agreement cannot be noted in"):
        Trust(tmp_path / "file" / "trusted").trust(tmp_path, digest_of(COMMANDS))
