"""Text is measured, cut and wrapped by the columns it takes."""

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tui.display.cells import breaks, clip, clip_line, line_width, pad, pad_left, width_of, wrap
from pilothouse.tui.display.roles import Line, Role
from pilothouse.tui.display.sanitize import sanitize

WORDS = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("ab 日本🚀é ")), max_size=60).map(
    lambda text: sanitize(text).replace("\n", " ").replace("\t", " ")
)
LINES = st.lists(st.tuples(WORDS, st.sampled_from(Role)), max_size=5).map(tuple)


@given(WORDS, st.integers(min_value=0, max_value=40))
def test_clipped_and_padded_text_has_the_width_that_was_asked_for(text: str, width: int) -> None:
    assert width_of(clip(text, width)) <= width
    assert width_of(pad(text, width)) == width_of(pad_left(text, width)) == width


@given(LINES, st.integers(min_value=1, max_value=40))
def test_a_clipped_line_fits(line: Line, width: int) -> None:
    assert line_width(clip_line(line, width)) <= width


@given(WORDS, st.integers(min_value=2, max_value=40))
def test_rows_fit_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    rows = [text[start:end] for start, end in breaks(text, width)]
    assert all(width_of(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")


@given(LINES, st.integers(min_value=4, max_value=40), st.integers(min_value=0, max_value=8))
def test_a_wrapped_line_fits_and_loses_nothing_but_spaces(line: Line, width: int, hang: int) -> None:
    rows = wrap(line, width, hang)
    assert all(line_width(row) <= width for row in rows)
    shown = "".join(text for row in rows for text, _role in row)
    assert shown.replace(" ", "") == "".join(text for text, _role in line).replace(" ", "")


def test_words_stay_whole_where_they_can() -> None:
    text = "one two three four"
    assert [text[start:end] for start, end in breaks(text, 9)] == ["one two", "three", "four"]


def test_a_word_longer_than_a_row_is_cut() -> None:
    assert breaks("x" * 10, 4) == [(0, 4), (4, 8), (8, 10)]


def test_wide_characters_take_two_columns() -> None:
    text = "日本語"
    assert [text[start:end] for start, end in breaks(text, 5)] == ["日本", "語"]
    assert clip("日本語", 4) == "日…"
