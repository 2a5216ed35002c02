"""The wheel works where the checkout is not: built from a copy, installed elsewhere, used inside a foreign project.

Foreign projects have folders named `core`, `tui` and `themes` too; ours must not be shadowed by them, nor they by ours.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["pyproject.toml", "README.md", "LICENSE", "core", "tui", "themes"]

USE = """
import importlib.metadata, json, sys
sys.path.insert(1, sys.argv[1])
import core, pilothouse.core, pilothouse.tui, pilothouse.themes
print(json.dumps({
    "version": importlib.metadata.version("pilothouse"),
    "theirs": core.__file__,
    "ours": [package.__file__ for package in (pilothouse.core, pilothouse.tui, pilothouse.themes)],
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    finished = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built from, so that building leaves no trace in the checkout."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel brings, and nothing else."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("target")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, source, cwd=source)
    (wheel,) = wheels.glob("pilothouse-*.whl")
    run(*pip, "install", "--no-deps", "--target", target, wheel, cwd=wheels)
    return target


@pytest.mark.e2e
def test_the_installed_wheel_is_used_inside_a_project_that_has_its_own_core(installed: Path, tmp_path: Path) -> None:
    for folder in ("core", "tui", "themes"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("")
    seen = json.loads(run(sys.executable, "-c", USE, installed, cwd=tmp_path))
    assert seen["version"] == "0.1.0"
    assert Path(seen["theirs"]) == tmp_path / "core" / "__init__.py"
    assert [Path(path).parent for path in seen["ours"]] == [
        installed / "pilothouse" / folder for folder in ("core", "tui", "themes")
    ]


@pytest.mark.e2e
def test_the_wheel_brings_every_file_of_the_source_folders(source: Path, installed: Path) -> None:
    def files_in(top: Path) -> set[Path]:
        return {
            path.relative_to(top)
            for folder in ("core", "tui", "themes")
            for path in (top / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    assert files_in(installed / "pilothouse") == files_in(source)
