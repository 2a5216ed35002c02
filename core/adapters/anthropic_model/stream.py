"""From the raw events of a streamed message to a whole `Reply`.

Strict about truncation: only `message_stop` and a known stop reason make a message whole, and a tool call counts only
with all of its input. Tolerant of what does no harm: unknown events, block types and fields, missing usage, odd ids.
Must not know the transport.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from ...money import Tokens
from ...outcomes import ModelErrorKind as Kind
from ...outcomes import StopReason
from ...ports import Block, Live, Reply
from .errors import WireError, explain_body

Event = dict[str, Any]

_KINDS = {"thinking_delta": ("thinking", "think"), "text_delta": ("text", "say")}
"""Delta type -> the field it extends and the kind of live text it is."""


class _Growing:
    """A content block while it streams; text is gathered in pieces and joined once."""

    __slots__ = ("is_whole", "pieces", "start")

    def __init__(self, start: Block) -> None:
        self.start = start
        self.pieces: dict[str, list[str]] = {}
        self.is_whole = False

    @property
    def type(self) -> str:
        return str(self.start.get("type"))

    def add(self, field: str, text: str) -> None:
        self.pieces.setdefault(field, []).append(text)

    def input(self) -> dict[str, Any] | None:
        """The input of a tool call: the pieces, or what its start brought. None if it is not a JSON object."""
        if text := "".join(self.pieces.get("input", ())):
            try:
                value = msgspec.json.decode(text)
            except msgspec.DecodeError:
                return None
        else:
            value = self.start.get("input", {}) if self.is_whole else None
        return value if isinstance(value, dict) else None

    def block(self) -> Block:
        """The block as history wants it, without the fields the server left empty."""
        block = {name: value for name, value in self.start.items() if value is not None}
        for field, pieces in self.pieces.items():
            if field == "input":
                block["input"] = self.input()
            else:
                before = block.get(field)
                block[field] = (before if isinstance(before, str) else "") + "".join(pieces)
        if self.type.endswith("tool_use"):
            block.setdefault("input", {})
        return block


class MessageBuilder:
    """Gathers one message. Feed it the events in their order, then take the `reply`."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._blocks: dict[int, _Growing] = {}
        self._stop_reason: object = None
        self.tokens: Tokens | None = None
        """What the call used so far; None until the server has said anything."""
        self.text_bytes = 0
        self.has_started = False
        self.is_stopped = False

    def feed(self, event: Event) -> bool:
        """Take one event; whether it brought the message on. Raises `WireError` if the server reports an error."""
        match event.get("type"):
            case "content_block_delta":
                return self._extend(_index(event), _object(event, "delta"))
            case "content_block_start":
                self._start(_index(event), _object(event, "content_block"))
            case "content_block_stop":
                if block := self._blocks.get(_index(event)):
                    block.is_whole = True
            case "message_start":
                self.has_started = True
                self._use(_object(event, "message").get("usage"))
            case "message_delta":
                self._stop_reason = _object(event, "delta").get("stop_reason") or self._stop_reason
                self._use(event.get("usage"))
            case "message_stop":
                self.is_stopped = True
            case "error":
                raise explain_body(event)
            case _:
                return False
        return True

    def feed_whole(self, message: Event) -> None:
        """Take a message that was not streamed although it should have been."""
        if message.get("type") == "error" or "error" in message:
            raise explain_body(message)
        content = message.get("content")
        if not isinstance(content, list) or message.get("role") != "assistant":
            raise WireError(Kind.MALFORMED, "the server answered with JSON that is no message")
        self.feed({"type": "message_start", "message": message})
        for index, block in enumerate(content):
            self.feed({"type": "content_block_start", "index": index, "content_block": block})
            self.feed({"type": "content_block_stop", "index": index})
        self._stop_reason = message.get("stop_reason")
        self.is_stopped = True

    def reply(self, taken: Collection[str] = (), request_id: str | None = None) -> Reply:
        """The whole message. Raises `WireError` if it is not whole. No tool call has an id out of `taken`."""
        if not self.is_stopped:
            raise WireError(Kind.INCOMPLETE, "the stream ended before the message did")
        try:
            stop_reason = StopReason(str(self._stop_reason))
        except ValueError:
            raise WireError(Kind.INCOMPLETE, f"the message ended for no known reason ({self._stop_reason})") from None
        content = self._content(stop_reason)
        _make_ids_unique(content, set(taken))
        return Reply(content=content, stop_reason=stop_reason, tokens=self.tokens or Tokens(), request_id=request_id)

    def _content(self, stop_reason: StopReason) -> list[Block]:
        growing = [self._blocks[index] for index in sorted(self._blocks)]
        if stop_reason is not StopReason.TOOL_USE and growing and _is_cut_call(growing[-1]):
            growing.pop()
        for block in growing:
            if block.type == "tool_use" and not _is_call(block):
                raise WireError(Kind.MALFORMED, f"the call of {block.start.get('name')} has no valid input")
        return [block.block() for block in growing if not _is_empty(block)]

    def _start(self, index: int, start: Block) -> None:
        self._blocks[index] = _Growing(start)
        for field, kind in _KINDS.values():
            if isinstance(text := start.get(field), str) and text:
                self._tell(kind, text)

    def _extend(self, index: int, delta: Event) -> bool:
        block = self._blocks.get(index)
        if block is None:
            raise WireError(Kind.MALFORMED, f"the server continued block {index}, which it never began")
        match delta.get("type"):
            case "text_delta" | "thinking_delta" as name:
                field, kind = _KINDS[name]
                text = _text(delta, field)
                block.add(field, text)
                self._tell(kind, text)
                return bool(text)
            case "input_json_delta":
                text = _text(delta, "partial_json")
                block.add("input", text)
                self._tell("tool", text)
                return bool(text)
            case "citations_delta":
                block.start["citations"] = [*(block.start.get("citations") or []), delta.get("citation")]
            case _:  # signature_delta, and what later servers may send
                for field, value in delta.items():
                    if field != "type" and isinstance(value, str):
                        block.add(field, value)
        return True

    def _tell(self, kind: str, text: str) -> None:
        if text:
            self.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
            self._live.text(kind, text)

    def _use(self, usage: object) -> None:
        """Usage is cumulative: the newest figures hold, except that a 0 does not take back what was said before."""
        if not isinstance(usage, dict):
            return
        before = self.tokens or Tokens()
        self.tokens = Tokens(
            input=_count(usage, "input_tokens") or before.input,
            output=_count(usage, "output_tokens") or before.output,
            cache_read=_count(usage, "cache_read_input_tokens") or before.cache_read,
            cache_write=_count(usage, "cache_creation_input_tokens") or before.cache_write,
        )
        self._live.used(self.tokens)


def _is_call(block: _Growing) -> bool:
    names = (block.start.get("id"), block.start.get("name"))
    return all(isinstance(name, str) and name for name in names) and block.input() is not None


def _is_cut_call(block: _Growing) -> bool:
    """Whether the last block is a tool call that the end of the message cut: its input may look empty and valid."""
    brought = any(block.pieces.get("input", ())) or block.start.get("input")
    return block.type.endswith("tool_use") and (not block.is_whole or not brought or block.input() is None)


def _is_empty(block: _Growing) -> bool:
    """Whether the block says nothing; the API does not take empty text back."""
    return block.type == "text" and not block.block().get("text")


def _make_ids_unique(content: list[Block], taken: set[str]) -> None:
    """Rename calls whose id was used before in the conversation, as simple servers do; ids are ours to match."""
    for block in content:
        if block.get("type") == "tool_use":
            name, count = str(block["id"]), 2
            while block["id"] in taken:
                block["id"] = f"{name}_{count}"
                count += 1
            taken.add(block["id"])


def _index(event: Event) -> int:
    index = event.get("index")
    if not isinstance(index, int):
        raise WireError(Kind.MALFORMED, f"the server sent a {event.get('type')} without an index")
    return index


def _object(event: Event, field: str) -> Event:
    value = event.get(field)
    if not isinstance(value, dict):
        raise WireError(Kind.MALFORMED, f"the server sent a {event.get('type')} without {field}")
    return value


def _text(delta: Event, field: str) -> str:
    value = delta.get(field)
    return value if isinstance(value, str) else ""


def _count(usage: Event, field: str) -> int:
    value = usage.get(field)
    return value if isinstance(value, int) and value > 0 else 0


__all__ = ["MessageBuilder"]
