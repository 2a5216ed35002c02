"""Whatever lies in the source folders is in the wheel, and the lock files fit together.

The packages are listed by hand in pyproject.toml, because the folders have other names than the packages they hold.
Lists by hand are forgotten: these tests remember.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS: dict[str, Any] = PROJECT["tool"]["setuptools"]
FOLDERS: dict[str, str] = SETUPTOOLS["package-dir"]


def packages_below(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The package in `folder` and those inside it. A folder without `__init__.py` is data, and so is all below it."""
    yield name, folder
    for inner in sorted(folder.iterdir()):
        if (inner / "__init__.py").is_file():
            yield from packages_below(inner, f"{name}.{inner.name}")


def packages_on_disk() -> dict[str, Path]:
    return {name: path for top, folder in FOLDERS.items() for name, path in packages_below(ROOT / folder, top)}


def data_files(package: Path) -> Iterator[Path]:
    """What lies in `package` and is not a module: files beside its modules, and folders that are no packages."""
    for entry in sorted(package.iterdir()):
        if entry.name == "__pycache__" or (entry / "__init__.py").is_file():
            continue
        if entry.is_dir():
            yield from (path for path in entry.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        elif entry.suffix != ".py":
            yield entry


def pins(lock: str) -> dict[str, str]:
    """The requirements of a lock file with their version and marker, by name."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(.*?) *\\$", text, flags=re.MULTILINE))


def test_every_package_on_disk_is_listed_and_every_listed_one_exists() -> None:
    assert sorted(SETUPTOOLS["packages"]) == sorted(packages_on_disk())


@pytest.mark.parametrize("name", sorted(packages_on_disk()))
def test_every_data_file_is_covered_by_a_glob(name: str) -> None:
    package = packages_on_disk()[name]
    globs: list[str] = SETUPTOOLS["package-data"].get(name, [])
    covered = {path for pattern in globs for path in package.glob(pattern)}
    assert set(data_files(package)) <= covered


def test_pilothouse_is_a_namespace_and_core_and_tui_say_that_they_are_typed() -> None:
    assert not (ROOT / "pilothouse").exists()
    assert all((ROOT / folder / "py.typed").is_file() for folder in ("core", "tui"))


def test_type_checkers_see_every_folder_under_its_import_name() -> None:
    links = ROOT / ".ci" / "dev" / "pilothouse"
    assert {f"pilothouse.{link.name}": link.resolve() for link in links.iterdir()} == {
        name: ROOT / folder for name, folder in FOLDERS.items()
    }


def test_the_development_lock_holds_the_runtime_lock_unchanged() -> None:
    runtime, development = pins("runtime.txt"), pins("dev.txt")
    assert runtime.items() <= development.items()
    assert "textual" in runtime
    assert {"pytest", "mypy", "ruff"}.isdisjoint(runtime)


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_a_lock_pins_every_package_by_hash_and_names_no_server(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=[a-z])", text)[1:]
    assert len(requirements) == len(pins(lock))
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_a_lock_has_every_dependency_that_the_project_names(lock: str) -> None:
    wanted: list[str] = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["sandbox"],
        *PROJECT["dependency-groups"]["build"],
    ]
    if lock == "dev.txt":
        wanted += PROJECT["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=;~! ]", requirement, maxsplit=1)[0] for requirement in wanted}
    assert names <= pins(lock).keys()
