"""Draws screenshots/*.svg. `--png FOLDER` also makes PNGs there, to look at; names narrow it to those pictures."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from fakes.pictures import SHOTS, draw  # noqa: E402

PNG_WIDTH = 1600


def main() -> None:
    """Draw what was asked for, everything by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SHOTS))
    parser.add_argument("--png", type=Path, metavar="FOLDER", help="also make PNGs in this folder")
    arguments = parser.parse_args()
    for name in arguments.names or SHOTS:
        with tempfile.TemporaryDirectory() as folder:
            svg = asyncio.run(draw(SHOTS[name], Path(folder)))
        (HERE / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"screenshots/{name}.svg")
        if arguments.png is not None:
            write_png(svg, arguments.png / f"{name}.png")


def write_png(svg: str, path: Path) -> None:
    """Render `svg` with the fonts of this machine."""
    import resvg_py

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=PNG_WIDTH)))


if __name__ == "__main__":
    main()
