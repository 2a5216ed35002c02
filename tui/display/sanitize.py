"""Make any text inert for a terminal: the door through which all text of agents, tools and repos comes.

No control character (but line feed and tab), escape sequence, bidirectional override, zero-width, tag or
private-use joiner, surrogate or pile of combining marks survives. Pure, and idempotent under any chunking.
"""

from __future__ import annotations

import re

MAX_LINE = 10_000
"""Characters of one line that are shown; a screen of 500 x 20 has as many cells."""

TAB = "    "
"""What a tab becomes: its width on a screen would depend on the column."""

_SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: cursor, colours, modes
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)"  # OSC, DCS, SOS, PM, APC
    "|\x1b[ -/]*[0-~]"
)

_HOSTILE_CHARACTERS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"  # zero-width, bidi, variation selectors
    "\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"  # specials, noncharacters, surrogates
    "\U000e0000-\U000e0fff"  # tags and variation selectors
)
_HOSTILE = re.compile(f"[{_HOSTILE_CHARACTERS}]")

_MARK = (
    "[\u0300-\u034e\u0350-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]"
)
_PILED_MARKS = re.compile(f"({_MARK}{{4}}){_MARK}+")

_NEEDS_CARE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u0300-\uffff\U00010000-\U0010ffff]")
"""What plain Latin text never holds, so that most text is passed after one scan."""


def sanitize(text: str, max_line: int = MAX_LINE) -> str:
    """`text` with nothing in it that a terminal could act on; lines beyond `max_line` characters are cut and say so."""
    if _NEEDS_CARE.search(text):
        text = _SEQUENCES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = _HOSTILE.sub("", text)
        text = _PILED_MARKS.sub(r"\1", text)
    if len(text) > max_line:
        text = "\n".join(_cut(line, max_line) for line in text.split("\n"))
    return text


def one_line(text: str, max_line: int = MAX_LINE) -> str:
    """`text` made inert and put on one line, runs of white space as one space."""
    return " ".join(sanitize(text[: max_line * 2], max_line).split())


def is_inert(text: str) -> bool:
    """Whether nothing in `text` acts on a terminal."""
    return _HOSTILE.search(text) is None


def strip_controls(text: str) -> str:
    """`text` of one screen line without anything that acts on a terminal: the last gate before it."""
    return (
        text if text.isascii() and text.isprintable() else _HOSTILE.sub("", text).replace("\n", "").replace("\t", " ")
    )


def _cut(line: str, max_line: int) -> str:
    if len(line) <= max_line:
        return line
    note = f" … [{len(line) - max_line} more characters]"
    return line[: max_line - len(note)] + note if max_line > len(note) else line[:max_line]
