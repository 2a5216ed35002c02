"""Measures what a user waits for, as ratios taken side by side in one run: `make bench`.

Ratios, because a figure in milliseconds says more about the machine than about the program.
"""

import statistics
import subprocess
import sys
from time import perf_counter

from bench import folding

ROUNDS = 15
"""Each round takes every figure once, so that a noisy moment of the machine hits all of them."""

BARE = "pass"
FIGURES = {
    "import pilothouse.core.events": "import pilothouse.core.events",
    "import pilothouse.core.ports": "import pilothouse.core.ports",
}


def start_seconds(program: str) -> float:
    """How long an interpreter takes to start, run `program` and end."""
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return perf_counter() - begin


def main() -> None:
    programs = {"bare": BARE, **FIGURES}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            taken[name].append(start_seconds(program))
    bare = statistics.median(taken["bare"])
    print(f"{'figure':<40} {'times a bare Python start':>26}")
    for name in FIGURES:
        print(f"{name:<40} {statistics.median(taken[name]) / bare:>25.1f}x")
    folding.report()


if __name__ == "__main__":
    main()
