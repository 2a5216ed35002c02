"""Palettes: files of colours made into Textual themes. The style sheet and all widgets name roles only."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from textual.theme import Theme

from .display.roles import Role

PACKAGE = "pilothouse.themes"
STYLE_SHEET = "pilothouse.tcss"
GROUNDS = ("background", "panel", "cursor")
FRAMES = ("border", "border-focus", "badge-ground", "alarm-ground")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one look, as `#rrggbb`."""

    name: str
    dark: bool
    grounds: dict[str, str]
    frames: dict[str, str]
    roles: dict[Role, str]

    def theme(self) -> Theme:
        """The same for Textual: a variable for every role."""
        roles = {f"role-{role}": colour for role, colour in self.roles.items()}
        return Theme(
            name=self.name,
            dark=self.dark,
            primary=self.roles[Role.ACCENT],
            accent=self.roles[Role.ACCENT],
            warning=self.roles[Role.ATTENTION],
            error=self.roles[Role.BAD],
            success=self.roles[Role.GOOD],
            foreground=self.roles[Role.TEXT],
            background=self.grounds["background"],
            surface=self.grounds["background"],
            panel=self.grounds["panel"],
            variables={
                **roles,
                "cursor": self.grounds["cursor"],
                "pane-border": self.frames["border"],
                "pane-border-focus": self.frames["border-focus"],
                "badge-ground": self.frames["badge-ground"],
                "alarm-ground": self.frames["alarm-ground"],
            },
        )


def palette_from(data: dict[str, Any], source: str) -> Palette:
    """The palette that a file holds. Raises ValueError naming `source` and what is missing or unknown."""
    wanted = {"grounds": set(GROUNDS), "frames": set(FRAMES), "roles": {str(role) for role in Role}}
    for table, names in wanted.items():
        given = set(data.get(table, {}))
        if given != names:
            wrong = ", ".join(sorted(given ^ names))
            raise ValueError(f"{source}: [{table}] must have exactly its own colours; missing or unknown: {wrong}")
    return Palette(
        name=str(data["name"]),
        dark=bool(data["dark"]),
        grounds=dict(data["grounds"]),
        frames=dict(data["frames"]),
        roles={Role(name): colour for name, colour in data["roles"].items()},
    )


@cache
def palettes() -> dict[str, Palette]:
    """The palettes that come with pilothouse, by name."""
    found = [
        palette_from(tomllib.loads(each.read_text(encoding="utf-8")), each.name)
        for each in files(PACKAGE).iterdir()
        if each.name.endswith(".toml")
    ]
    return {palette.name: palette for palette in sorted(found, key=lambda palette: palette.name)}


def style_sheet() -> Path:
    """Where the style sheet is."""
    return Path(str(files(PACKAGE).joinpath(STYLE_SHEET)))
