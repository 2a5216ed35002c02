"""Header, inbox, talk, spec, receipt and the figures in them, without a terminal."""

from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from fakes.story import NOW, Chapter, ago, tell
from pilothouse.core.face.picture import Picture
from pilothouse.core.status import Status
from pilothouse.core.views import LandingView
from pilothouse.tui.display.cells import line_width
from pilothouse.tui.display.counts import BurnRate, StatusCounts
from pilothouse.tui.display.document import response_paragraphs, spec_paragraphs
from pilothouse.tui.display.glyphs import KILLED, RUNNING
from pilothouse.tui.display.header import HeaderFacts, header_line
from pilothouse.tui.display.inbox import inbox_line
from pilothouse.tui.display.logfile import LogLine
from pilothouse.tui.display.receipt import receipt
from pilothouse.tui.display.talk import Paragraph, conversation
from pilothouse.tui.display.words import dollars, duration, duration_long, money, thousands

FACTS = HeaderFacts("shop", NOW, "11:46", 0.11)


def plain(paragraphs: list[Paragraph]) -> str:
    return "\n".join("".join(text for text, _role in paragraph.line) for paragraph in paragraphs)


def header(picture: Picture, width: int = 160) -> str:
    counts = StatusCounts()
    counts.restart(picture.agents)
    return "".join(text for text, _role in header_line(picture, counts, FACTS, width))


def test_the_header_answers_the_first_two_questions(tmp_path: Path) -> None:
    shown = header(tell(tmp_path))
    for part in ("shop", "◆1 needs you", "REHEARSAL", "●3 ◍2", "running 3/8", "agents 10/32", "$1.83/$5.00", "×3.1"):
        assert part in shown
    assert "0.11/min" in shown
    assert "S3" not in shown


def test_the_header_fills_its_width_exactly(picture: Picture) -> None:
    counts = StatusCounts()
    counts.restart(picture.agents)
    for width in (*range(1, 160), 300, 500):
        assert line_width(header_line(picture, counts, FACTS, width)) == width


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_a_narrow_header_keeps_what_waits_and_that_it_is_a_rehearsal(tmp_path: Path, width: int) -> None:
    shown = header(tell(tmp_path), width)
    assert "◆1" in shown
    assert "REHEARSAL" in shown


def test_a_lost_engine_is_said_with_the_age_of_the_picture(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    picture.connected, picture.seen_at = False, ago(41)
    for width in (40, 80, 160):
        assert "ENGINE GONE, as of 41s ago" in header(picture, width)


def test_a_run_that_is_over_needs_no_engine(tmp_path: Path) -> None:
    picture = tell(tmp_path, Chapter.RECEIPT)
    picture.connected = False
    assert "GONE" not in header(picture)
    assert "✓ verified" in header(picture)


def test_a_weaker_sandbox_is_shown(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    assert picture.run is not None
    picture.run = msgspec.structs.replace(picture.run, sandbox="S1")
    assert "sandbox S1" in header(picture)


def test_counts_follow_changes_as_a_recount_would(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    counts = StatusCounts()
    counts.restart(picture.agents)
    picture.agents["a4"] = msgspec.structs.replace(picture.agents["a4"], status=Status.KILLED)
    counts.take([picture.agents["a4"]])
    assert (counts[RUNNING], counts[KILLED]) == (2, 1)


def test_the_burn_rate_is_that_of_the_last_minute() -> None:
    burn = BurnRate()
    assert burn.per_minute() is None
    burn.sample(0, "1.00")
    assert burn.per_minute() is None
    burn.sample(30_000, "1.10")
    assert burn.per_minute() == pytest.approx(0.2)
    burn.sample(90_000, "1.10")
    assert burn.per_minute() == pytest.approx(0.0)


def test_the_inbox_says_who_asks_what_and_what_it_holds_up(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    line = "".join(text for text, _role in inbox_line(picture, picture.questions["q1"], NOW, 160))
    for part in (
        "◆ 1m",
        "a3 login",
        "Which OAuth provider",
        "GitHub / Google / both",
        "holds a9",
        "orchestrator passed",
    ):
        assert part in line


def test_talk_holds_what_both_sides_said_in_order(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    log = [
        LogLine(ago(280), "say", "I split this."),
        LogLine(ago(270), "think", "hm"),
        LogLine(ago(20), "told", "More!"),
    ]
    shown = plain(conversation(picture, log, UTC))
    order = ["you\nAdd sign-in", "orchestrator\nI split this.", "a3 login asks\nWhich OAuth", "1 GitHub", "you\nMore!"]
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert "hm" not in shown


def test_talk_shows_an_answer_and_hides_questions_between_agents(tmp_path: Path) -> None:
    picture = tell(tmp_path, Chapter.RECEIPT)
    picture.questions["q2"] = msgspec.structs.replace(
        picture.questions["q1"], id="q2", text="between us", answered_by="a0", answer="yes"
    )
    shown = plain(conversation(picture, [], UTC))
    assert "you\nGitHub" in shown
    assert "between us" not in shown


def test_the_spec_shows_acceptance_with_its_evidence(tmp_path: Path) -> None:
    shown = plain(spec_paragraphs(tell(tmp_path, Chapter.RECEIPT).agents["a0"]))
    assert "✓ $ python -m unittest discover" in shown
    assert "· sign-in and billing are linked" in shown
    assert "shop/front.py links" in shown


def test_a_response_is_shown_without_its_front_matter() -> None:
    assert plain(response_paragraphs("---\nid: a1\n---\n\n# Done\ntext\n---\nmore")) == "# Done\ntext\n---\nmore"
    assert plain(response_paragraphs("no front matter")) == "no front matter"


def test_the_receipt_holds_all_parts(tmp_path: Path) -> None:
    shown = plain(receipt(tell(tmp_path, Chapter.RECEIPT), UTC))
    for part in (
        "✓ verified",
        "REHEARSAL",
        "Customers can sign in",
        "✓ $ python -m unittest discover",
        "evidence  shop/front.py",
        "◐ a2 survey payment options",
        "merged +188 -9 in 4 files",
        "⊘ a7",
        "pilothouse/261121-114200-k3/run · 6 merges",
        "m lands it in main",
        "$2.38 of $5.00",
        "×3.0 against one by one (estimate)",
        "60 × a8  depth 3 is beyond the limit",
        "Open questions",
    ):
        assert part in shown


def test_the_receipt_says_where_the_result_landed_and_how_to_take_it_back(tmp_path: Path) -> None:
    picture = tell(tmp_path, Chapter.RECEIPT)
    assert picture.run is not None
    landing = LandingView("main", "8802d4ef51ab", "9d0e77aa10c4", NOW)
    picture.run = msgspec.structs.replace(picture.run, landing=landing)
    shown = plain(receipt(picture, UTC))
    assert "landed in main at 11:46:44 as 8802d4ef51" in shown
    assert "undo: git reset --keep 9d0e77aa10" in shown


def test_a_receipt_without_a_run_says_so(tmp_path: Path) -> None:
    assert "nothing is known" in plain(receipt(Picture(tmp_path), UTC))


def test_durations_and_money_are_short() -> None:
    assert [duration(each) for each in (-5, 3_000, 240_000, 3_720_000, 90_000_000)] == ["0s", "3s", "4m", "1h02", "1d"]
    assert [duration_long(each) for each in (5_000, 60_000, 102_000, 720_000, 3_720_000)] == [
        "5 s",
        "1 min",
        "1 min 42 s",
        "12 min",
        "1 h 2 min",
    ]
    assert [money(each) for each in ("0.41", "1.8349", "12", "junk")] == [".41", "1.83", "12.00", ".00"]
    assert dollars("0.4") == "$0.40"
    assert [thousands(each) for each in (812, 41_200, 412_000, 1_300_000)] == ["812", "41.2k", "412k", "1.3M"]
