"""How each state of an agent looks: glyph, word and role, never colour alone. With an ASCII set for old terminals."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.core.status import Pause, Status, Verdict
from pilothouse.core.views import AgentView

from .roles import Role


@dataclass(frozen=True, slots=True)
class Mark:
    """The look of one state."""

    glyph: str
    word: str
    role: Role
    ascii: str


QUEUED = Mark("◌", "queued", Role.IDLE, ".")
STARTING = Mark("◔", "starting", Role.BUSY, ",")
RUNNING = Mark("●", "running", Role.BUSY, "*")
WAITING = Mark("◍", "waiting", Role.WAIT, "~")
NEEDS_YOU = Mark("◆", "needs you", Role.ATTENTION, "!")
PAUSING = Mark("‖", "pausing", Role.PAUSED, "=")
PAUSED = Mark("‖", "paused", Role.PAUSED, "=")
STOPPING = Mark("◇", "stopping", Role.DOUBT, "-")
VERIFIED = Mark("✓", "verified", Role.GOOD, "+")
UNVERIFIED = Mark("◐", "unverified", Role.DOUBT, "%")
EMPTY = Mark("∅", "empty", Role.DOUBT, "0")
FAILED = Mark("✗", "failed", Role.BAD, "x")
KILLED = Mark("⊘", "killed", Role.BAD, "#")
SKIPPED = Mark("»", "skipped", Role.IDLE, ">")
LOST = Mark("?", "lost", Role.BAD, "?")

MARKS = (
    RUNNING,
    STARTING,
    WAITING,
    NEEDS_YOU,
    PAUSED,
    QUEUED,
    STOPPING,
    VERIFIED,
    UNVERIFIED,
    EMPTY,
    FAILED,
    KILLED,
    SKIPPED,
    LOST,
)
"""All of them in the order in which the header counts them."""

_OF_STATUS = {
    Status.QUEUED: QUEUED,
    Status.STARTING: STARTING,
    Status.RUNNING: RUNNING,
    Status.WAITING: WAITING,
    Status.BLOCKED: NEEDS_YOU,
    Status.STOPPING: STOPPING,
    Status.FAILED: FAILED,
    Status.KILLED: KILLED,
    Status.SKIPPED: SKIPPED,
    Status.LOST: LOST,
}
_OF_VERDICT = {Verdict.VERIFIED: VERIFIED, Verdict.UNVERIFIED: UNVERIFIED, Verdict.EMPTY: EMPTY}


def mark_of(agent: AgentView) -> Mark:
    """How `agent` looks now. A pause covers what it would do otherwise; an end covers a pause."""
    if agent.status is Status.SUCCEEDED:
        return _OF_VERDICT[agent.verdict or Verdict.UNVERIFIED]
    if not agent.status.is_terminal and agent.status is not Status.STOPPING:
        if agent.pause is Pause.PAUSED:
            return PAUSED
        if agent.pause is Pause.PAUSING:
            return PAUSING
    return _OF_STATUS[agent.status]


def outcome_mark(status: str, verdict: Verdict | None) -> Mark:
    """How the end of a run looks; RUNNING while it has none."""
    if status == Status.SUCCEEDED:
        return _OF_VERDICT[verdict or Verdict.UNVERIFIED]
    return {
        "failed": FAILED,
        "killed": KILLED,
        "skipped": SKIPPED,
        "lost": LOST,
        "blocked": NEEDS_YOU,
        "paused": PAUSED,
    }.get(status, RUNNING)


@dataclass(frozen=True, slots=True)
class GlyphSet:
    """The drawing characters beside the marks."""

    ascii: bool
    branch: str
    """To a child that is not the last."""
    corner: str
    """To the last child."""
    trunk: str
    stem: str
    """The last cell before a leaf."""
    open: str
    closed: str
    cursor: str
    thumb: str
    arrow: str
    bar_full: str
    bar_parts: str
    """An eighth, two eighths ... of a full cell."""
    bar_empty: str

    def of(self, mark: Mark) -> str:
        """The glyph of `mark` in this set."""
        return mark.ascii if self.ascii else mark.glyph


UNICODE = GlyphSet(False, "├", "└", "│", "─", "▾", "▸", "▌", "▐", "←", "█", "▏▎▍▌▋▊▉", "·")
ASCII = GlyphSet(True, "|", "`", "|", "-", "v", ">", ">", "#", "<-", "#", "", ".")
