"""Logs: read on from a growing file, laid out in rows."""

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tui.display.cells import breaks
from pilothouse.tui.display.logfile import LogFile, LogLine
from pilothouse.tui.display.sanitize import sanitize
from pilothouse.tui.display.scrollback import CONTINUED, Scrollback


def entry(text: str, kind: str = "say", at: int = 1) -> bytes:
    return msgspec.json.encode({"at": at, "kind": kind, "text": text}) + b"\n"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_each_line_is_read_once_as_the_file_grows(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = LogFile(path)
    assert log.read() == []
    append(path, entry("one"))
    assert log.read() == [LogLine(1, "say", "one")]
    append(path, entry("two") + entry("three"))
    assert [line.text for line in log.read()] == ["two", "three"]
    assert log.read() == []


def test_a_torn_line_waits_for_its_rest(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = LogFile(path)
    whole = entry("wörld")
    append(path, whole[:20])
    assert log.read() == []
    append(path, whole[20:])
    assert [line.text for line in log.read()] == ["wörld"]


def test_a_damaged_line_is_named_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append(path, b"\xff\xfe garbage\n" + b'{"at": "no"}\n' + entry("good"))
    assert [line.text for line in LogFile(path).read()] == ["[a line that cannot be read]"] * 2 + ["good"]


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = LogFile(path)
    append(path, entry("one") + entry("two"))
    log.read()
    path.write_bytes(entry("new"))
    assert [line.text for line in log.read()] == ["new"]


def test_a_long_log_is_read_in_chunks(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append(path, b"".join(entry("x" * 100) for _ in range(10_000)))
    log = LogFile(path)
    first = len(log.read())
    assert 0 < first < 10_000
    total = first
    while lines := log.read():
        total += len(lines)
    assert total == 10_000


def test_hostile_text_is_inert_once_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append(path, entry("\x1b]52;c;ZXZpbA==\x07[/x] done", kind="\x1b[2J\x07tool"))
    assert LogFile(path).read() == [LogLine(1, "tool", "[/x] done")]


LINES = st.lists(st.text(alphabet="ab 日é\n\t", max_size=40).map(sanitize), max_size=12)


@given(LINES, st.integers(min_value=2, max_value=30), st.integers(min_value=2, max_value=30))
def test_rows_are_the_same_whether_laid_out_at_once_or_anew(texts: list[str], width: int, before: int) -> None:
    lines = [LogLine(1, "say", text) for text in texts]
    grown = Scrollback()
    grown.lay_out(before, wrap=True)
    grown.append(lines[:5])
    grown.lay_out(width, wrap=True)
    grown.append(lines[5:])
    expected = [
        text[start:end]
        for line in lines
        for text in line.text.replace("\t", "    ").split("\n")
        for start, end in breaks(text, width)
    ]
    assert [grown.row_text(*grown.line_at(row)) for row in range(grown.row_count)] == expected


def test_lines_that_are_not_wrapped_take_one_row_each() -> None:
    book = Scrollback()
    book.append([LogLine(1, "say", "x" * 500), LogLine(1, "say", "two\nrows")])
    book.lay_out(80, wrap=False)
    assert book.row_count == 3
    assert book.row_of(1) == 1


def test_lines_of_one_moment_and_kind_go_on_with_each_other() -> None:
    book = Scrollback()
    book.append([LogLine(5000, "result", "a"), LogLine(5400, "result", "b"), LogLine(5500, "say", "c")])
    book.append([LogLine(5600, "say", "d"), LogLine(6000, "say", "e")])
    assert list(book.times) == [5000, CONTINUED, 5500, CONTINUED, 6000]
