"""Where pilothouse keeps what belongs to a user and not to a project.

Standard library only and nothing but paths: `panic` uses it. It makes no folders and must not know what is in them.
The rules are those of the XDG base directory specification, on every system.
"""

from __future__ import annotations

import os
from pathlib import Path

APPLICATION = "pilothouse"


def _base(variable: str, default: str) -> Path:
    """The folder a variable names; relative ones are to be ignored, says the specification."""
    given = os.environ.get(variable, "")
    return Path(given) if os.path.isabs(given) else Path.home() / default


def state_home() -> Path:
    """Where the user's checkouts, history and live runs are: `~/.local/state/pilothouse`."""
    return _base("XDG_STATE_HOME", ".local/state") / APPLICATION


def config_home() -> Path:
    """Where the user's settings are: `~/.config/pilothouse`."""
    return _base("XDG_CONFIG_HOME", ".config") / APPLICATION


def live_registry() -> Path:
    """One file for each live run of this user, `<run-id>.json`, with the mark of its engine and the run's folder."""
    return state_home() / "live"
