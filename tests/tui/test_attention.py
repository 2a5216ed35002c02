"""What is loud, what is written to the terminal for it, and the panic key."""

from pathlib import Path

import msgspec

from fakes.story import NOW, tell
from pilothouse.tui.attention import Attention, call_sequence, title_sequence
from pilothouse.tui.driver import PanicKey


def test_what_was_there_at_the_start_is_not_news(tmp_path: Path) -> None:
    assert Attention().news(tell(tmp_path)) == []


def test_a_new_question_and_the_end_are_loud_once(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    attention = Attention()
    attention.news(picture)
    question = msgspec.structs.replace(picture.questions["q1"], id="q2", text="Drop the column?")
    picture.questions["q2"] = question
    assert attention.news(picture) == ["Drop the column?"]
    assert attention.news(picture) == []
    assert picture.run is not None
    picture.run = msgspec.structs.replace(picture.run, status="succeeded", ended_at=NOW)
    assert attention.news(picture) == ["the run has ended: succeeded"]
    assert attention.news(picture) == []


def test_agents_cannot_write_into_the_sequences() -> None:
    hostile = "a\x07b\x1b\\c;d\x1b]52;c;evil\x07"
    assert title_sequence(2, hostile) == "\x1b]2;(2) pilothouse · abc;d\x07"
    sequence = call_sequence(hostile, in_tmux=False)
    assert sequence == "\a\x1b]9;pilothouse: abc,d\x1b\\\x1b]777;notify;pilothouse;abc,d\x1b\\"


def test_tmux_is_told_to_pass_it_on() -> None:
    sequence = call_sequence("hello", in_tmux=True)
    assert sequence.count("\x1bPtmux;\x1b\x1b]") == 2


def test_panic_takes_two_presses_within_two_seconds() -> None:
    calls: list[str] = []
    key = PanicKey(lambda: calls.append("panic"))
    key.see(b"abc\x1c", 10.0)
    key.see(b"\x1c", 12.5)
    assert calls == []
    key.see(b"\x1b[92;5u", 13.0)
    assert calls == ["panic"]
    key.see(b"\x1c\x1c", 20.0)
    assert calls == ["panic", "panic"]
