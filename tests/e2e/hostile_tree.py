"""A program that does all it can to survive: `hostile_tree.py TOKEN stay|leave`. Standard library only.

It ignores every polite signal, puts a grandchild into a session of its own with an empty environment, and keeps a
process that forks and exits all the time. Everything carries TOKEN in its arguments. It prints `ready` once all of it
lives.
"""

import os
import signal
import sys
import time

HOP_SECONDS = 0.002
LIFE_SECONDS = 90.0
"""A test that is itself killed must not leave the machine with this for ever."""


def main(token: str, then: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    lives, life = os.pipe()
    if os.fork() == 0:
        hide(token)
    if os.fork() == 0:
        hop(life)
    os.close(life)
    os.read(lives, 1)  # the hopper has hopped
    print("ready", flush=True)
    if then == "stay":
        time.sleep(LIFE_SECONDS)


def hide(token: str) -> None:
    """Fork twice, leave the session, drop the environment and become another program."""
    os.setsid()
    if os.fork() == 0:
        os.execve("/bin/sleep", [token, str(LIFE_SECONDS)], {})
    os._exit(0)


def hop(life: int) -> None:
    """Be somebody else every few milliseconds."""
    os.setsid()
    first = True
    end = time.monotonic() + LIFE_SECONDS
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
        if first:
            os.write(life, b"!")
            os.close(life)
            first = False
        time.sleep(HOP_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
