"""The texts that tell agents how to work, as readable files; which agent reads which is decided here."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ..state import AgentRecord

PROJECT_HEADING = "# The project's own instructions"


@cache
def text(name: str) -> str:
    """The prompt `name`.md."""
    return files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()


def instructions(record: AgentRecord, project: str) -> str:
    """The system prompt of `record`: how everybody works, how one in its place works, and what the project says."""
    if record.parent is None:
        role = "orchestrator"
    elif record.fixes is not None:
        role = "fixer"
    else:
        role = "writer" if record.spec.is_writer else "explorer"
    parts = [text("everybody"), text(role)]
    if project.strip():
        parts.append(f"{PROJECT_HEADING}\n\n{project.strip()}")
    return "\n\n".join(parts)
