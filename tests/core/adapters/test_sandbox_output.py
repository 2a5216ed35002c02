"""What is kept of a command's output: property tests against the plain way of keeping all of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.adapters.wardens import output
from pilothouse.core.adapters.wardens.output import HEAD_BYTES, SPILL_BYTES, TAIL_BYTES, Capture


@given(pieces=st.lists(st.binary(max_size=200)))
def test_short_output_comes_back_whole_and_as_it_was_streamed(pieces: list[bytes]) -> None:
    heard: list[str] = []
    capture = Capture(on_output=heard.append)
    for piece in pieces:
        capture.feed(piece)
    text, dropped = capture.finish()
    assert text == b"".join(pieces).decode(errors="replace") == "".join(heard)
    assert dropped == 0


@given(
    sizes=st.lists(st.integers(min_value=1, max_value=3 * (HEAD_BYTES + TAIL_BYTES)), min_size=1, max_size=6),
    letter=st.sampled_from(["x", "ä", "€", "🚢"]),
    shift=st.integers(min_value=0, max_value=3),
)
def test_long_output_keeps_both_ends_and_counts_what_is_missing(sizes: list[int], letter: str, shift: int) -> None:
    whole = b"-" * shift + letter.encode() * (sum(sizes) // len(letter.encode()))
    capture, rest = Capture(), whole
    for size in sizes:
        capture.feed(rest[:size])
        rest = rest[size:]
    capture.feed(rest)
    text, dropped = capture.finish()
    if len(whole) <= HEAD_BYTES + TAIL_BYTES:
        assert (text, dropped) == (whole.decode(), 0)
        return
    head, gap, tail = text.partition(f"\n[... {dropped} bytes left out ...]\n")
    assert gap
    assert "\ufffd" not in text, "no character is cut in two"
    assert whole.startswith(head.encode())
    assert whole.endswith(tail.encode())
    assert len(head.encode()) + len(tail.encode()) + dropped == len(whole)
    assert len(whole) - dropped > HEAD_BYTES + TAIL_BYTES - 8


@pytest.mark.parametrize("chunk", [1000, 4096, 300_000])
def test_the_file_holds_everything_up_to_its_limit(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "SPILL_BYTES", 100_000)
    whole = bytes(range(256)) * 1000
    capture = Capture(tmp_path / "spilled")
    for start in range(0, len(whole), chunk):
        capture.feed(whole[start : start + chunk])
    text, _ = capture.finish()
    assert (tmp_path / "spilled").read_bytes() == whole[:100_000]
    assert "the first 0 MiB are in" in text


def test_what_is_streamed_ends_with_a_word_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "SPILL_BYTES", 10)
    heard: list[str] = []
    capture = Capture(on_output=heard.append)
    for piece in (b"0123456789", b"a", b"b"):
        capture.feed(piece)
    capture.finish()
    assert heard[0] == "0123456789"
    assert len(heard) == 2
    assert "not streamed" in heard[1]


def test_a_file_that_cannot_be_written_does_not_stop_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    capture = Capture(tmp_path / "file" / "below a file")
    for _ in range(3):
        capture.feed(b"x" * HEAD_BYTES * 2)
    text, dropped = capture.finish()
    assert dropped == 6 * HEAD_BYTES - HEAD_BYTES - TAIL_BYTES
    assert "below a file" not in text


def test_memory_does_not_grow_with_the_output() -> None:
    capture = Capture()
    for _ in range(200):
        capture.feed(b"x" * output.CHUNK_BYTES)
    assert len(capture._tail) <= 2 * TAIL_BYTES
    assert capture.finish()[1] == 200 * output.CHUNK_BYTES - HEAD_BYTES - TAIL_BYTES
    assert 200 * output.CHUNK_BYTES > SPILL_BYTES


def test_a_character_that_comes_in_pieces_is_streamed_once_it_is_whole() -> None:
    heard: list[str] = []
    capture = Capture(on_output=heard.append)
    for byte in "🚢".encode():
        capture.feed(bytes([byte]))
    assert heard == ["🚢"]
