"""The texts that tell agents how to work, as readable files; put together here."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PROJECT_HEADING = "# The project's own instructions"


@cache
def text(name: str) -> str:
    """The prompt `name`.md."""
    return files("pilothouse.core.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()


def instructions(role: str, project: str) -> str:
    """A system prompt: how everybody works, how one in the place of `role` works, and what the project says."""
    parts = [text("everybody"), text(role)]
    if project.strip():
        parts.append(f"{PROJECT_HEADING}\n\n{project.strip()}")
    return "\n\n".join(parts)
