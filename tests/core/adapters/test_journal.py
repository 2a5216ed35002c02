"""The journal on disk: its line format, torn tails, damaged lines, the lock, group commit, and disks that fail."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from pilothouse.core.adapters import journal
from pilothouse.core.adapters.journal import Journal, Line
from pilothouse.core.errors import JournalDamagedError, JournalLockedError
from pilothouse.core.events import AnyEvent, EngineResumed, MachineNoted

EVENTS: list[AnyEvent] = [EngineResumed(), MachineNoted("1.0 GB free < 2.0 GB")]


async def write(path: Path, *decisions: list[AnyEvent]) -> list[int]:
    """Write decisions and close; which numbers became durable, in the order in which it was said."""
    opened = Journal.open(path)
    durable: list[int] = []
    for at, events in enumerate(decisions):
        opened.append(events, at)
    opened.close()
    await opened.write(durable.append)
    opened.release()
    return durable


async def test_a_line_is_one_decision_with_its_checksum_last(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    await write(path, EVENTS)
    raw = path.read_bytes()
    assert raw.endswith(b"}\n")
    fields = json.loads(raw)
    assert list(fields) == ["v", "seq", "at", "events", "crc"]
    assert (fields["v"], fields["seq"], fields["at"]) == (1, 1, 0)
    assert fields["crc"] == zlib.crc32(raw[: raw.rindex(b',"crc"')])


async def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert await write(path, EVENTS, [EngineResumed()]) == [2]  # one group, synced once
    contents = journal.read(path)
    assert [line.events for line in contents.lines] == [EVENTS, [EngineResumed()]]
    assert (contents.damaged, contents.size) == ([], path.stat().st_size)


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    await write(path, EVENTS)
    assert await write(path, EVENTS) == [2]


@pytest.mark.parametrize("kept", [0, 1, 10, -1])
async def test_a_torn_tail_is_set_aside_and_the_next_line_starts_clean(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "journal.jsonl"
    await write(path, EVENTS)
    whole = path.read_bytes()
    torn = whole[:kept]
    path.write_bytes(whole + torn)
    await write(path, [EngineResumed()])
    assert [line.seq for line in journal.read(path).lines] == [1, 2]
    assert not torn or path.with_suffix(".torn").read_bytes() == torn


def damage(raw: bytes, line: int, how: str) -> bytes:
    lines = raw.splitlines(keepends=True)
    lines[line] = {
        "a flipped bit": lines[line].replace(b'"at":', b'"aT":'),
        "zeros": b"\0" * (len(lines[line]) - 1) + b"\n",
        "nothing": b"\n",
        "no checksum": b'{"v":1,"seq":9,"at":0,"events":[]}\n',
        "a checksum that is no number": b'{"v":1,"seq":9,"at":0,"events":[],"crc":x}\n',
        "another's checksum": lines[line].rpartition(b",")[0] + b',"crc":12}\n',
        "an event nobody knows": journal_line(b'{"v":1,"seq":9,"at":0,"events":[{"kind":"Nonsense"}]'),
        "bytes that are no text": b"\xff\xfe\n",
    }[how]
    return b"".join(lines)


def journal_line(body: bytes) -> bytes:
    return b'%b,"crc":%d}\n' % (body, zlib.crc32(body))


HARM = (
    "a flipped bit", "zeros", "nothing", "no checksum", "a checksum that is no number", "another's checksum",
    "an event nobody knows", "bytes that are no text",
)  # fmt: skip


@pytest.mark.parametrize("how", HARM)
async def test_a_damaged_line_is_reported_and_skipped(tmp_path: Path, how: str) -> None:
    path = tmp_path / "journal.jsonl"
    await write(path, EVENTS, EVENTS, EVENTS)
    path.write_bytes(damage(path.read_bytes(), 1, how))
    contents = journal.read(path)
    assert [line.seq for line in contents.lines] == [1, 3]
    assert len(contents.damaged) == 1
    assert contents.damaged[0].offset == len(path.read_bytes().splitlines(keepends=True)[0])


async def test_a_number_is_never_given_twice_even_after_damage_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    await write(path, EVENTS, EVENTS)
    path.write_bytes(damage(path.read_bytes(), 1, "zeros"))
    assert await write(path, EVENTS) == [3]


def test_a_journal_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalDamagedError, match="cannot be read"):
        journal.read(tmp_path / "journal.jsonl")


def test_a_second_engine_is_refused_until_the_first_gives_the_lock_back(tmp_path: Path) -> None:
    first = Journal.open(tmp_path / "journal.jsonl")
    with pytest.raises(JournalLockedError, match="another engine"):
        Journal.open(tmp_path / "journal.jsonl")
    first.release()
    Journal.open(tmp_path / "journal.jsonl").release()


def test_a_link_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "journal.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Journal.open(tmp_path / "journal.jsonl")


async def test_what_gathers_while_a_group_is_synced_becomes_the_next_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Journal.open(tmp_path / "journal.jsonl")
    syncs: list[int] = []
    real = os.fdatasync

    def sync(descriptor: int) -> None:
        syncs.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    durable: list[int] = []

    def on_durable(seq: int) -> None:
        # What is said to be durable has been written and synced before.
        assert journal.read(opened.path).lines[-1].seq == seq
        assert syncs[-1] == journal.read(opened.path).size
        durable.append(seq)
        if seq == 1:
            for _ in range(50):
                opened.append(EVENTS, 0)
        else:
            opened.close()

    opened.append(EVENTS, 0)
    await opened.write(on_durable)
    opened.release()
    assert durable == [1, 51]
    assert len(syncs) == 2


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
async def test_a_disk_that_does_not_sync_acknowledges_nothing_and_keeps_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "journal.jsonl"
    await write(path, EVENTS)
    before = path.read_bytes()
    opened = Journal.open(path)

    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fdatasync", fail)
    durable: list[int] = []
    opened.append(EVENTS, 0)
    with pytest.raises(OSError, match=os.strerror(code)):
        await opened.write(durable.append)
    opened.release()
    assert durable == []
    assert path.read_bytes() == before


async def test_writing_is_whole_even_where_the_system_writes_little_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aiofiles.threadpool.binary as binary

    real: Any = binary.AsyncFileIO.write

    async def little(self: Any, data: bytes) -> int:
        return int(await real(self, bytes(data)[:7]))

    monkeypatch.setattr(binary.AsyncFileIO, "write", little)
    await write(tmp_path / "journal.jsonl", EVENTS, EVENTS)
    assert len(journal.read(tmp_path / "journal.jsonl").lines) == 2


async def test_cancelling_the_writer_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    opened = Journal.open(tmp_path / "journal.jsonl")
    durable: list[int] = []
    writer = asyncio.create_task(opened.write(durable.append))
    for number in range(200):
        opened.append(EVENTS, number)
        await asyncio.sleep(0)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    opened.release()
    assert len(journal.read(tmp_path / "journal.jsonl").lines) >= max(durable, default=0)


def test_a_line_survives_encoding_and_decoding() -> None:
    line = Line(1, 7, 1_795_000_000_000, EVENTS)
    assert journal.decode(journal.encode(line)[:-1]) == line
