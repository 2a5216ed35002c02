"""Palettes: whole, and readable."""

import pytest

from pilothouse.tui.display.roles import Role
from pilothouse.tui.themes import GROUNDS, Palette, palette_from, palettes

TEXT_CONTRAST = 4.5
"""WCAG 2.2 AA for text."""
GLYPH_CONTRAST = 3.0
"""WCAG 2.2 AA for what is not text."""
ON_BADGES = {Role.BADGE: "badge-ground", Role.ALARM: "alarm-ground"}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", palettes().values(), ids=lambda palette: palette.name)
def test_text_can_be_read_on_every_ground(palette: Palette) -> None:
    for role in Role:
        grounds = (
            [palette.frames[ON_BADGES[role]]] if role in ON_BADGES else [palette.grounds[each] for each in GROUNDS]
        )
        wanted = GLYPH_CONTRAST if role is Role.FAINT else TEXT_CONTRAST
        worst = min(contrast(palette.roles[role], ground) for ground in grounds)
        assert worst >= wanted, f"{palette.name}: {role} has {worst:.2f}"


@pytest.mark.parametrize("palette", palettes().values(), ids=lambda palette: palette.name)
def test_the_pane_with_the_focus_stands_out(palette: Palette) -> None:
    assert contrast(palette.frames["border-focus"], palette.grounds["background"]) >= GLYPH_CONTRAST


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") < TEXT_CONTRAST


def test_there_is_a_dark_and_a_light_one() -> None:
    assert {palette.dark for palette in palettes().values()} == {True, False}


def test_a_palette_with_a_missing_colour_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"mine\.toml: \[grounds\].*cursor"):
        palette_from({"name": "mine", "dark": True, "grounds": {"background": "#000", "panel": "#000"}}, "mine.toml")
