"""Styles for the roles of text, taken from the theme that is on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style

from ..display.roles import BOLD, Role

_GROUNDS = {Role.BADGE: "badge-ground", Role.ALARM: "alarm-ground"}


class Inks:
    """The style of each role on plain ground and under the cursor. One object a theme: compare by identity."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._plain = {role: _style(role, variables) for role in Role}
        self._cursor = {role: Style(bgcolor=variables["cursor"]) + style for role, style in self._plain.items()}

    def style(self, role: Role, under_cursor: bool = False) -> Style:
        """How text of `role` is drawn."""
        return (self._cursor if under_cursor else self._plain)[role]


def inks_of(variables: Mapping[str, str]) -> Inks:
    """The inks for a theme's variables."""
    names = [*(f"role-{role}" for role in Role), "cursor", *_GROUNDS.values()]
    return _inks(tuple((name, variables[name]) for name in names))


@lru_cache(maxsize=16)
def _inks(variables: tuple[tuple[str, str], ...]) -> Inks:
    return Inks(dict(variables))


def _style(role: Role, variables: Mapping[str, str]) -> Style:
    ground = variables[_GROUNDS[role]] if role in _GROUNDS else None
    return Style(color=variables[f"role-{role}"], bgcolor=ground, bold=role in BOLD or None)
