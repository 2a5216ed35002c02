"""The warden: a program that runs one command and leaves nothing of it behind. Started before it is needed, used once.

`python -I -S warden.py FD`: FD is a Unix socket to the engine and the life-line at once. One line of JSON, the order,
comes in; one line, the report, goes out. When the socket says end-of-file, because the engine hung up or died in
whatever way, or when the command is done or out of time, everything below is swept; only then does the warden end.

Standard library only. It must not know the rest of pilothouse. Nothing it does to end a tree forks, execs or imports.

Order: {argv, env, cwd, timeout_ms, background, bubblewrapped, scratch, hidden, writable (null, or what Landlock leaves
writable)}.
Report: {code, ms, timed_out, left} or {error}. The command's output goes straight to the warden's own stdout.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING or __package__:
    from . import landlock, proctree
else:
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # last, so that it shadows nothing
    import landlock
    import proctree

SWEEP_SECONDS = 30.0
"""A process that does not die of SIGKILL in this time hangs in the kernel (a dead disk); it is reported instead."""
NICE, NORMAL = b"19", b"0"
"""How a session is weighed while the command works, and while it is killed: dying takes processor time too."""
WEIGH_MS = 500
"""How often a quiet warden looks for new sessions below it."""
OUT_OF_MEMORY_SCORE = b"500"
"""Tools are killed for memory before the engine (0) and after what asked to be first (1000)."""

_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36
_IGNORED = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)
_PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)


class Warden:
    """One command, from the order to the report."""

    def __init__(self, control: int) -> None:
        self.control = control
        self.weighed = {os.getsid(0)}
        """The sessions there is nothing to do about: the engine's, and those that weigh little already."""
        self.libc = ctypes.CDLL(None, use_errno=True)
        os.set_inheritable(control, False)
        if self.libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "cannot become a subreaper")
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        self.wake, waker = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> None:
        """Wait for the order, carry it out, report."""
        order = self.receive()
        if order is None:
            return
        scratch = None
        try:
            if order["scratch"]:
                scratch = tempfile.mkdtemp(prefix="pilothouse-")
                order["env"].update(HOME=scratch, TMPDIR=scratch)
            report = self.carry_out(order, scratch)
        except Exception as error:  # whatever it was, nothing may be left behind and the engine must hear of it
            report = {"error": f"{type(error).__name__}: {error}", "left": proctree.sweep_children(SWEEP_SECONDS)}
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        try:
            os.write(self.control, json.dumps(report).encode() + b"\n")
        except OSError:  # the engine is gone, so there is nobody else to finish this and nobody who waits
            proctree.sweep_children(float("inf"))

    def receive(self) -> dict[str, Any] | None:
        """The order, or None if the engine hung up before it was complete."""
        received = bytearray()
        while not received.endswith(b"\n"):
            try:
                piece = os.read(self.control, 65536)
            except OSError:
                return None
            if not piece:
                return None
            received += piece
        order: dict[str, Any] = json.loads(received)
        return order

    def carry_out(self, order: dict[str, Any], scratch: str | None) -> dict[str, Any]:
        """Start the command, wait for the first of its end, the time limit and the end of the life-line, sweep."""
        started = time.monotonic()
        deadline = started + order["timeout_ms"] / 1000
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            self.become(order, scratch)
        status = self.watch(child, deadline, order["background"])
        timed_out = status is None and time.monotonic() >= deadline
        ms = round((time.monotonic() - started) * 1000)
        if status is None:
            if os.getsid(child) == child:  # else it has not left the engine's session yet
                weigh_session(child, NORMAL)
            kill_namespace(child)
        left = proctree.sweep_children(SWEEP_SECONDS)
        code = 128 + signal.SIGKILL if status is None else os.waitstatus_to_exitcode(status)
        return {"code": code if code >= 0 else 128 - code, "ms": ms, "timed_out": timed_out, "left": left}

    def watch(self, child: int, deadline: float, background: bool) -> int | None:
        """The command's wait status, or None if it has to be ended. Reaps orphans on the way."""
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        poller.register(self.wake, select.POLLIN)
        while (remaining := deadline - time.monotonic()) > 0:
            ready = [descriptor for descriptor, _ in poller.poll(min(remaining * 1000, WEIGH_MS))]
            if self.wake in ready:
                os.read(self.wake, 4096)
                if (status := reap(child)) is not None:
                    return status
            if self.control in ready and self.hung_up():
                return None
            if background and not ready:
                self.weigh_sessions(child)
        return None

    def weigh_sessions(self, child: int) -> None:
        """Let every session below weigh little: a tool that starts sessions would get a full share for each."""
        for pid in (child, *proctree.descendants([child])):
            try:
                session = os.getsid(pid)
            except ProcessLookupError:
                continue
            if session not in self.weighed:
                if not weigh_session(pid, NICE):
                    return  # the kernel takes one such change per 100 ms from unprivileged processes
                self.weighed.add(session)

    def hung_up(self) -> bool:
        """Whether the engine has closed its end. It never sends anything after the order."""
        try:
            return not os.read(self.control, 4096)
        except OSError:
            return True

    def become(self, order: dict[str, Any], scratch: str | None) -> NoReturn:
        """Turn the forked child into the command: in the background, away from every terminal, without privileges."""
        try:
            os.setsid()
            self.step_back(order["background"])
            self.libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
            for number in (*_IGNORED, *_PYTHON_IGNORES, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            if not order["bubblewrapped"]:
                os.chdir(order["cwd"])
                if order["writable"] is not None:
                    folders = [*order["writable"], *([scratch] if scratch else ())]
                    landlock.restrict(folders, order["hidden"])
                else:
                    landlock.forbid_new_privileges()
            os.execvpe(order["argv"][0], order["argv"], order["env"])
        except OSError as error:
            os.write(2, f"{order['argv'][0]}: {error.strerror or error}\n".encode(errors="replace"))
        except BaseException as error:
            os.write(2, f"warden: {error!r}\n".encode(errors="replace"))
        os._exit(127)

    def step_back(self, background: bool) -> None:
        """Let everything else live on when memory is short and, in the background, have the processor first."""
        with contextlib.suppress(OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            write("/proc/self/oom_score_adj", OUT_OF_MEMORY_SCORE)
            if background:
                weigh_session(0, NICE)
                os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
                os.nice(19)


def write(path: str, value: bytes) -> None:
    """Put a value into a file of /proc."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, value)
    finally:
        os.close(descriptor)


def weigh_session(pid: int, weight: bytes) -> bool:
    """Let the session of `pid` (0: this process) weigh as much as one process that is so nice.

    The kernel shares the processor between sessions first (sched_autogroup), so that the nice value of a process does
    not help. Says whether there is nothing left to try.
    """
    try:
        write(f"/proc/{pid or 'self'}/autogroup", weight)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def reap(child: int) -> int | None:
    """Collect what has ended; the wait status of `child` if it is among it."""
    status = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                status = ended[1]
    except ChildProcessError:
        pass
    return status


def kill_namespace(child: int) -> None:
    """Kill the first process below `child`: with bubblewrap the kernel then ends the whole PID namespace at once."""
    for pid in proctree.children(child):
        proctree.send(pid, signal.SIGKILL)
    proctree.send(child, signal.SIGKILL)


if __name__ == "__main__":
    Warden(int(sys.argv[1])).serve()
    os._exit(0)
