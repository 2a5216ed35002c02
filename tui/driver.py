"""The terminal driver: Textual's, but bytes that are not UTF-8 do no harm, and panic works when the screen is stuck."""

from __future__ import annotations

import os
import selectors
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from io import TextIOWrapper
from typing import IO, Any, cast

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

PANIC_BYTES = (b"\x1c", b"\x1b[92;5u")
"""ctrl+\\ as terminals send it: plain, and with the kitty keyboard protocol."""
PANIC_WINDOW = 2.0
"""Seconds between the two presses."""
READ = 4096
"""Bytes of one reading of the terminal."""


class PanicKey:
    """Sees ctrl+\\ pressed twice in what was typed."""

    def __init__(self, panic: Callable[[], object]) -> None:
        self._panic = panic
        self._last: float | None = None

    def see(self, typed: bytes, now: float) -> None:
        """Look at what was typed at `now` (seconds)."""
        for _press in range(sum(typed.count(each) for each in PANIC_BYTES)):
            if self._last is not None and now - self._last <= PANIC_WINDOW:
                self._last = None
                self._panic()
            else:
                self._last = now


class _Output:
    """A terminal to write to that may vanish: then what is written is dropped, and nothing waits for it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._is_gone = False

    def write(self, text: str) -> None:
        if not self._is_gone:
            try:
                self._file.write(text)
            except (OSError, ValueError):
                self._is_gone = True

    def flush(self) -> None:
        if not self._is_gone:
            try:
                self._file.flush()
            except (OSError, ValueError):
                self._is_gone = True

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()


class PilothouseDriver(LinuxDriver):
    """Reads keys in a thread of its own, as Textual's does. `panic` is called in that thread.

    Textual's own reader stops at the first byte that is not UTF-8, so this is one of ours over its parser.
    """

    panic: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None):
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast(TextIOWrapper, _Output(sys.__stderr__ or sys.stderr))

    def run_input_thread(self) -> None:
        """Wait for input and hand it on as events."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        panic_key = PanicKey(self.panic)
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            try:
                while not self.exit_event.is_set():
                    if selector.select(0.1):
                        typed = self._read()
                        if not typed:
                            self._loop.call_soon_threadsafe(self._app.exit)
                            return
                        panic_key.see(typed, time.monotonic())
                        for event in parser.feed(decode(typed)):
                            self.process_message(event)
                    for event in parser.tick():
                        self.process_message(event)
            finally:
                try:
                    for _event in parser.feed(""):
                        pass
                except (EOFError, ParseError):
                    pass

    def _read(self) -> bytes:
        """What was typed; nothing when the terminal has vanished."""
        try:
            return os.read(self.fileno, READ)
        except OSError:
            return b""
