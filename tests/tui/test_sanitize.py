"""Whatever an agent prints, nothing of it acts on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tui.display.sanitize import MAX_LINE, is_inert, one_line, sanitize, strip_controls

PIECES = st.one_of(
    st.characters(exclude_categories=()),
    st.sampled_from(list("\x1b[]P\\;?0123456789mHJ\x07\x9b\x9c\x9d\n\t\r\u202e\u0301\u200d\ufe0f")),
)
TEXT = st.text(alphabet=PIECES, max_size=80)


@given(TEXT)
def test_sanitized_text_is_inert_and_stays_as_it_is(text: str) -> None:
    clean = sanitize(text)
    assert is_inert(clean)
    assert sanitize(clean) == clean


@given(TEXT, st.integers(min_value=1, max_value=3))
def test_sanitizing_in_pieces_is_inert_too(text: str, size: int) -> None:
    pieces = [sanitize(text[start : start + size]) for start in range(0, len(text), size)]
    assert is_inert("".join(pieces))


@given(TEXT)
def test_one_line_is_one_line(text: str) -> None:
    assert not set(one_line(text)) & set("\n\t\r")


@given(TEXT)
def test_the_last_gate_lets_nothing_through(text: str) -> None:
    gated = strip_controls(text)
    assert is_inert(gated)
    assert "\n" not in gated


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b]52;c;ZXZpbA==\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("ab\u202ecd", "abcd"),
        ("zero\u200bwidth", "zerowidth"),
        ("10%\r20%\r\n", "10%\n20%\n"),
        ("unfinished \x1b]52;c;evil", "unfinished 52;c;evil"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
    ],
)
def test_what_is_left_of_an_attack(hostile: str, shown: str) -> None:
    assert sanitize(hostile) == shown


def test_ordinary_text_passes_untouched() -> None:
    text = "naïve café\tübung — 日本語 ✓ 🚀\nsecond line"
    assert sanitize(text) == text


def test_a_line_of_a_megabyte_is_cut_and_says_so() -> None:
    shown = sanitize("x" * 1_000_000)
    assert len(shown) <= MAX_LINE
    assert shown.endswith("more characters]")
