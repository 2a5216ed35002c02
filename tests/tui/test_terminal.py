"""The app on a real pseudo-terminal: whatever ends it leaves the terminal clean, and garbage does not end it."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from fakes.stage import make_app
from fakes.story import tell
folder = Path(sys.argv[1])
app, _session = make_app(tell(folder), panic=lambda: (folder / "panic").write_text("panic"))
app.run()
print("LEFT", app.return_code)
"""
ENTER_ALTERNATE, LEAVE_ALTERNATE = b"\x1b[?1049h", b"\x1b[?1049l"
PATIENCE = 60.0
"""Seconds until a test gives up."""


class Terminal:
    """The app in a process on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self.master, slave = pty.openpty()
        path = os.pathsep.join(["tests", *filter(None, [os.environ.get("PYTHONPATH")])])
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", "PYTHONPATH": path},
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )
        os.close(slave)
        self.seen = b""

    def until(self, wanted: bytes) -> None:
        """Read until `wanted` has been written."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0, f"{wanted!r} did not come; the end was {self.seen[-2000:]!r}"
            if select.select([self.master], [], [], min(left, 1))[0]:
                try:
                    data = os.read(self.master, 65536)
                except OSError:
                    data = b""
                assert data, f"{wanted!r} did not come before the end: {self.seen[-2000:]!r}"
                self.seen += data

    def type(self, data: bytes) -> None:
        """Type bytes."""
        os.write(self.master, data)

    def close(self) -> None:
        """End it if it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    try:
        terminal.until(b"orchestrator")
        yield terminal
    finally:
        terminal.close()


def test_bytes_that_are_no_text_do_no_harm_and_q_leaves(terminal: Terminal) -> None:
    assert ENTER_ALTERNATE in terminal.seen
    terminal.type(b"\xff\xfe\x80\xc3(\xf0\x9f")
    terminal.type(b"?")
    terminal.until(b"one line down")
    terminal.type(b"q")
    terminal.type(b"q")
    terminal.until(b"LEFT 0")
    assert LEAVE_ALTERNATE in terminal.seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_clean(terminal: Terminal, number: signal.Signals) -> None:
    terminal.process.send_signal(number)
    terminal.until(b"LEFT 0")
    assert LEAVE_ALTERNATE in terminal.seen
    assert b"\x1b[?25h" in terminal.seen


def test_panic_needs_no_screen(terminal: Terminal, tmp_path: Path) -> None:
    terminal.type(b"\x1c\x1c")
    terminal.type(b"q")
    terminal.until(b"LEFT 0")
    assert (tmp_path / "panic").read_text() == "panic"


def test_a_terminal_that_vanishes_ends_the_app(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.until(b"orchestrator")
    os.close(terminal.master)
    try:
        terminal.process.wait(timeout=PATIENCE)
    finally:
        terminal.process.kill()
        terminal.process.wait()
