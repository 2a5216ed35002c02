"""`agent-responses/<id>.md`: each agent's result as a file, from its first turn on, replaced atomically.

The front matter is what `await` watches. The files are made from views and are never read back.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import aiofiles

from ..views import AgentView

FOLDER = "agent-responses"


def render(agent: AgentView) -> str:
    """The response file of `agent`."""
    front = {
        "id": agent.id,
        "title": agent.title,
        "parent": agent.parent or "",
        "status": agent.status.value,
        "verdict": agent.verdict.value if agent.verdict else "",
        "cost_usd": agent.cost_usd,
        "turns": str(agent.turns),
        "reason": agent.reason.code if agent.reason else "",
    }
    lines = ["---", *(f"{key}: {_scalar(value)}" for key, value in front.items()), "---", ""]
    if agent.ended_at is None:
        lines += [f"{agent.title}: {agent.status.value}. {agent.activity}".strip(), ""]
    else:
        lines += [agent.reason.words if agent.reason else "", ""]
    if agent.summary:
        lines += ["## Outcome", "", agent.summary, ""]
    if agent.evidence:
        lines += ["## Evidence", "", agent.evidence, ""]
    if agent.checks:
        lines += ["## Checks", ""]
        lines += [f"- {'passed' if check.passed else 'FAILED'} `{check.command}`" for check in agent.checks]
        lines.append("")
    return "\n".join(lines)


def _scalar(value: str) -> str:
    """A YAML scalar on one line: quoted where a plain one could be read as something else."""
    plain = value.replace("-", "").replace("_", "").replace(" ", "").replace(".", "")
    if not value or (plain.isalnum() and value[0].isalnum()):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


class Responses:
    """Writes the response files of one run."""

    def __init__(self, run_folder: Path) -> None:
        self.folder = run_folder / FOLDER
        self._written: dict[str, str] = {}

    def prepare(self) -> None:
        """Make the folder and put the `await` command into it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self.folder / "await"
        command.write_text(
            files("pilothouse.core.adapters").joinpath("await.sh").read_text(encoding="utf-8"), encoding="utf-8"
        )
        command.chmod(0o755)

    async def write(self, agent: AgentView) -> None:
        """Replace the file of `agent` at once: a reader sees the old one or the new one, whole."""
        text = render(agent)
        if self._written.get(agent.id) == text:
            return
        path = self.folder / f"{agent.id}.md"
        fresh = self.folder / f".{agent.id}.md.new"
        async with aiofiles.open(fresh, "w", encoding="utf-8") as file:
            await file.write(text)
        os.replace(fresh, path)
        self._written[agent.id] = text
