"""What end-to-end tests share: a user's shell, and one finished rehearsal for all that only look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.finished import Finished, play
from e2e.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A user with an empty home."""
    shell = Shell.at(tmp_path / "home")
    try:
        yield shell
    finally:
        shell.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """The default rehearsal, played once to its end and watched on the way. Only to be looked at."""
    shell = Shell.at(tmp_path_factory.mktemp("finished") / "home")
    try:
        yield play(shell)
    finally:
        shell.close()
