"""The small project a rehearsal works on: laid down from a template into a git repository of its own.

Must not know scenarios, runs or agents.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.resources import as_file, files
from pathlib import Path

from ...errors import UsageError

_AUTHOR = "Ledgerline Author"
_EMAIL = "author@ledgerline.invalid"
_DATE = "2026-11-02T09:00:00+00:00"
"""Fixed, so that the first commit is the same everywhere."""

_RENAMED = {"gitignore": ".gitignore"}
"""Hidden files do not travel well in packages, so the template holds them under another name."""


def lay_down_project(path: Path) -> str:
    """Copy the template to `path`, commit it there on branch `main`, and give back the commit.

    Raises `UsageError` if there is anything at `path` already.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} is not empty: the rehearsal needs a new folder for its project")
    with as_file(files("pilothouse.core.adapters.rehearsal").joinpath("project")) as template:
        shutil.copytree(template, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name, hidden in _RENAMED.items():
        (path / name).rename(path / hidden)
    _git(path, "init", "--quiet", "--template=", "--initial-branch=main")
    _git(path, "config", "user.name", _AUTHOR)
    _git(path, "config", "user.email", _EMAIL)
    _git(path, "add", "--all")
    _git(path, "commit", "--quiet", "--no-gpg-sign", "--no-verify", "--message=Keep a ledger of expenses")
    return _git(path, "rev-parse", "HEAD")


def _git(path: Path, *arguments: str) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": _DATE,
        "GIT_COMMITTER_DATE": _DATE,
    }
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=path, env=environment, capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise UsageError("git is not installed; the rehearsal works in a real repository") from error
    except subprocess.CalledProcessError as error:
        raise UsageError(f"git {arguments[0]} failed in {path}: {error.stderr.strip()}") from error
    return done.stdout.strip()
