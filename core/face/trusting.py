"""The settings of a project, and the user's agreement to the commands it names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..adapters.git.project import inspect, locate
from ..adapters.git.trust import digest_of
from ..settings import Resolved, Settings
from .house import settings_of, trust_store


def _resolved(project: Path) -> Resolved:
    async def look() -> Resolved:
        return await settings_of(await inspect(project, allow_dirty=True), {})

    return asyncio.run(look())


def named_commands(project: Path) -> Mapping[str, object]:
    """The commands that the project's committed settings name."""
    return _resolved(project).project_commands


def _root(project: Path) -> Path:
    return asyncio.run(locate(project)).root


def trust_commands(project: Path, commands: Mapping[str, object]) -> None:
    """Agree to exactly these commands."""
    trust_store().trust(_root(project), digest_of(commands))


def revoke_trust(project: Path) -> bool:
    """Take the agreement back; whether there was one."""
    return trust_store().revoke(_root(project))


def settings_here(project: Path) -> list[tuple[str, Any, str]]:
    """Each setting with its value and where that comes from."""
    resolved = _resolved(project)
    rows = []
    for name in Settings.model_fields:
        value = getattr(resolved.settings, name)
        plain = value.model_dump() if hasattr(value, "model_dump") else value
        rows.append((name, str(plain) if name == "max_cost" else plain, resolved.origin.get(name, "default")))
    return rows
