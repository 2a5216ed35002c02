"""The committed pictures show the screen as it is (`make screenshots` draws them anew)."""

from pathlib import Path

import pytest

from fakes.pictures import SHOTS, draw

FOLDER = Path(__file__).parents[2] / "screenshots"


@pytest.mark.parametrize("name", SHOTS)
async def test_a_picture_is_up_to_date(name: str, tmp_path: Path) -> None:
    committed = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert committed == await draw(SHOTS[name], tmp_path), f"screenshots/{name}.svg is stale: run `make screenshots`"


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(SHOTS)
