"""Transcripts, logs and response files of a run."""

from __future__ import annotations

import asyncio
import json
import os
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from fakes.story import tell
from pilothouse.core.adapters.logs import MAX_LINE, FileLog
from pilothouse.core.adapters.responses import Responses, render
from pilothouse.core.adapters.transcripts import FileTranscripts
from pilothouse.core.errors import JournalDamagedError
from pilothouse.core.ids import AgentId
from pilothouse.core.outcomes import Span
from pilothouse.core.views import AgentView

A1 = AgentId("a1")
HELLO = {"role": "user", "content": [{"type": "text", "text": "hello \u2028 there\nyou"}]}
REPLY = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}


async def test_messages_are_found_at_the_spans_that_were_said(tmp_path: Path) -> None:
    transcripts = FileTranscripts(tmp_path)
    first = await transcripts.append(A1, [HELLO, REPLY])
    second = await transcripts.append(A1, [HELLO])
    assert second.offset == first.offset + first.length
    for reader in (transcripts, FileTranscripts(tmp_path)):
        assert await reader.load(A1, [second, first]) == [HELLO, HELLO, REPLY]
    lines = transcripts.path(A1).read_text().splitlines()
    assert [json.loads(line)["role"] for line in transcripts.path(A1).read_bytes().split(b"\n")[:-1]] == [
        "user",
        "assistant",
        "user",
    ]
    assert lines


async def test_appends_at_once_do_not_mix(tmp_path: Path) -> None:
    transcripts = FileTranscripts(tmp_path)
    spans = await asyncio.gather(*(transcripts.append(A1, [HELLO, REPLY]) for _ in range(20)))
    assert len({span.offset for span in spans}) == 20
    assert await FileTranscripts(tmp_path).load(A1, spans) == [HELLO, REPLY] * 20


async def test_a_message_is_durable_before_its_span_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    span = await FileTranscripts(tmp_path).append(A1, [HELLO])
    assert synced == [span.length]


@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
async def test_a_damaged_transcript_says_where(tmp_path: Path, how: str) -> None:
    transcripts = FileTranscripts(tmp_path)
    span = await transcripts.append(A1, [HELLO])
    path = transcripts.path(A1)
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-4])
    elif how == "changed":
        path.write_bytes(path.read_bytes().replace(b"hello", b"jello"))
    else:
        span = Span(10_000, 10, 1)
    with pytest.raises(JournalDamagedError, match=f"transcript of a1 is damaged at byte {span.offset}"):
        await FileTranscripts(tmp_path).load(A1, [span])


async def test_what_no_event_names_is_set_aside(tmp_path: Path) -> None:
    transcripts = FileTranscripts(tmp_path)
    span = await transcripts.append(A1, [HELLO])
    await transcripts.append(A1, [REPLY])
    fresh = FileTranscripts(tmp_path)
    fresh.set_aside(A1, span.length)
    fresh.set_aside(AgentId("a2"), 0)
    assert fresh.path(A1).stat().st_size == span.length
    assert json.loads(fresh.path(A1).with_suffix(".torn").read_bytes()) == REPLY
    again = await fresh.append(A1, [REPLY])
    assert again.offset == span.length


class Clock:
    def now(self) -> int:
        return 7


async def test_a_log_holds_a_line_for_each_line_of_text(tmp_path: Path) -> None:
    log = FileLog(tmp_path, Clock())
    log.write(A1, "say", "one\ntwo")
    log.write(A1, "result", "")
    log.write(A1, "result", "x" * (MAX_LINE + 5))
    log.close()
    await log.run()
    lines = [json.loads(line) for line in (tmp_path / "a1" / "log.jsonl").read_text().splitlines()]
    assert [(line["at"], line["kind"], line["text"]) for line in lines[:3]] == [
        (7, "say", "one"),
        (7, "say", "two"),
        (7, "result", ""),
    ]
    assert lines[3]["text"].endswith("… [5 more characters]")


async def test_a_log_that_cannot_be_written_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "a1").touch()
    log = FileLog(tmp_path, Clock())
    log.write(A1, "say", "lost")
    log.write(AgentId("a2"), "say", "kept")
    log.close()
    await log.run()
    assert "kept" in (tmp_path / "a2" / "log.jsonl").read_text()


def view(**changes: object) -> AgentView:
    """Some agent."""
    with TemporaryDirectory() as folder:
        picture = tell(Path(folder))
    return msgspec.structs.replace(next(iter(picture.agents.values())), **changes)


def front_matter(text: str) -> dict[str, str]:
    head, _, _ = text.removeprefix("---\n").partition("\n---\n")
    fields = {}
    for line in head.splitlines():
        name, _, value = line.partition(":")
        fields[name] = value.strip()
    return fields


def test_the_front_matter_tells_what_is_pinned() -> None:
    shown = view(id="a3", title="add login", parent="a0", cost_usd=str(Decimal("0.12")), turns=4)
    front = front_matter(render(shown))
    assert list(front)[:7] == ["id", "title", "parent", "status", "verdict", "cost_usd", "turns"]
    assert (front["id"], front["parent"], front["cost_usd"], front["turns"]) == ("a3", "a0", "0.12", "4")
    assert front["status"] == shown.status.value


@pytest.mark.parametrize("title", ["x: y", "a\nstatus: succeeded", "---", '"quoted" \\', "# no", "- no", "[x]"])
def test_no_title_can_pass_for_another_field(title: str) -> None:
    text = render(view(title=title))
    front = front_matter(text)
    assert front["title"].startswith('"')
    assert front["status"] == view().status.value
    assert text.splitlines()[9] == "---"


async def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    responses = Responses(tmp_path)
    responses.prepare()
    path = responses.folder / "a3.md"
    await responses.write(view(id="a3", summary="first"))
    with path.open() as reader:
        await responses.write(view(id="a3", summary="second"))
        assert "first" in reader.read()
    assert "second" in path.read_text()
    assert sorted(entry.name for entry in responses.folder.iterdir()) == ["a3.md", "await"]


async def test_a_file_that_would_be_the_same_is_not_written_again(tmp_path: Path) -> None:
    responses = Responses(tmp_path)
    responses.prepare()
    await responses.write(view(id="a3"))
    number = (responses.folder / "a3.md").stat().st_ino
    await responses.write(view(id="a3", seconds=99.0))
    assert (responses.folder / "a3.md").stat().st_ino == number
