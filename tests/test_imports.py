"""The engine starts fast and knows no screen: proven by importing all of it in a fresh interpreter.

The import contracts read the source; this runs it, so it also sees what a third package brings along.
"""

import json
import pkgutil
import subprocess
import sys

import pilothouse.core

HEAVY = ["textual", "rich", "anthropic"]
"""Screens, which the engine must work without, and the SDK, which takes a second to import (on first use only)."""

PROBE = """
import importlib, json, sys

heavy, modules = json.loads(sys.argv[1]), json.loads(sys.argv[2])
culprits = {}
for module in modules:
    before = set(sys.modules)
    importlib.import_module(module)
    if loaded := [name for name in heavy if name in sys.modules and name not in before]:
        culprits[module] = loaded
print(json.dumps(culprits))
"""


def heavy_imports(modules: list[str]) -> dict[str, list[str]]:
    """Which of `modules`, imported one after another in a new interpreter, was the first to load which of `HEAVY`."""
    command = [sys.executable, "-I", "-c", PROBE, json.dumps(HEAVY), json.dumps(modules)]
    probe = subprocess.run(command, capture_output=True, text=True, check=False)
    assert probe.returncode == 0, probe.stderr
    culprits: dict[str, list[str]] = json.loads(probe.stdout)
    return culprits


def core_modules() -> list[str]:
    """Every module of the engine but the programs, which run when they are imported."""
    walked = pkgutil.walk_packages(pilothouse.core.__path__, "pilothouse.core.")
    return [module.name for module in walked if not module.name.endswith(".__main__")]


def test_no_module_of_the_engine_loads_a_screen_or_the_sdk() -> None:
    modules = core_modules()
    assert "pilothouse.core.adapters" in modules
    assert heavy_imports(modules) == {}


def test_the_probe_names_the_module_that_loads_a_screen() -> None:
    assert heavy_imports(["json", "textual.app"]) == {"textual.app": ["textual", "rich"]}
