"""What is loud, and how a terminal is made to call its user: title, bell, OSC 9 and OSC 777.

Loud are a question, a failure that needs a person, and the end of the run; and only while the terminal is not focused.
"""

from __future__ import annotations

from pilothouse.core.face.picture import Picture

from .display.sanitize import one_line

SAVE_TITLE = "\x1b[22;2t"
RESTORE_TITLE = "\x1b[23;2t"


class Attention:
    """Follows a picture and says what is new and loud."""

    def __init__(self) -> None:
        self._known: set[str] | None = None
        self._was_over = False

    def news(self, picture: Picture) -> list[str]:
        """What has become loud since the last call, as sentences. The first call only looks."""
        waiting = {question.id: question for question in picture.open_questions()}
        is_over = picture.run is not None and picture.run.ended_at is not None
        said: list[str] = []
        if self._known is not None:
            said = [one_line(waiting[each].text, 120) for each in waiting if each not in self._known]
            if is_over and not self._was_over and picture.run is not None:
                said.append(f"the run has ended: {one_line(str(picture.run.status))}")
        if picture.run is not None:
            self._known = (self._known or set()) | set(waiting)
            self._was_over = is_over
        return said


def title_sequence(waiting: int, name: str) -> str:
    """Sets the terminal's title: `(2) pilothouse · shop`."""
    count = f"({waiting}) " if waiting else ""
    return f"\x1b]2;{count}pilothouse{' · ' + one_line(name, 60) if name else ''}\x07"


def call_sequence(text: str, in_tmux: bool) -> str:
    """Rings the bell and shows `text` as a desktop notification, where the terminal can."""
    clean = one_line(text, 200).replace(";", ",")
    sequences = [f"\x1b]9;pilothouse: {clean}\x1b\\", f"\x1b]777;notify;pilothouse;{clean}\x1b\\"]
    if in_tmux:
        sequences = [f"\x1bPtmux;{each.replace(chr(27), chr(27) * 2)}\x1b\\" for each in sequences]
    return "\a" + "".join(sequences)
