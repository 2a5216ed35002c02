"""Scripted words in the form of the Messages API: a whole message, or the events it is streamed as. Pure.

Must not know scenarios, transports or time: how long an event takes is said in tokens.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from .conversation import BYTES_PER_TOKEN, usage
from .script import Scripted

Event = dict[str, Any]

PIECE_CHARACTERS = 16
"""How much text an event carries at usual speed."""
EVENTS_PER_PING = 40


def message(request: dict[str, Any], words: Scripted) -> dict[str, Any]:
    """The whole message. Its ids come from the request alone, so that the same request gets the same message.

    It never counts more tokens than were asked for: a megabyte of one letter is few tokens too.
    """
    digest = hashlib.sha256(json.dumps(request["messages"], sort_keys=True).encode("utf-8", "replace")).hexdigest()
    content: list[dict[str, Any]] = []
    if words.think:
        signature = base64.b64encode(hashlib.sha256(words.think.encode()).digest()).decode()
        content.append({"type": "thinking", "thinking": words.think, "signature": signature})
    if words.say:
        content.append({"type": "text", "text": words.say})
    for number, call in enumerate(words.calls):
        call_id = f"toolu_{digest[:16]}{number:02}"
        content.append({"type": "tool_use", "id": call_id, "name": call.tool, "input": call.input})
    return {
        "id": f"msg_{digest[:20]}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "rehearsal"),
        "content": content,
        "stop_reason": "tool_use" if words.calls else "end_turn",
        "stop_sequence": None,
        "usage": {**usage(request), "output_tokens": min(sum(map(_tokens, content)), request.get("max_tokens", 1))},
    }


def events(whole: dict[str, Any], piece: int = PIECE_CHARACTERS) -> Iterator[tuple[Event, int]]:
    """The events that carry the message, each with the characters it brings."""
    opening = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": opening}, 0
    yield {"type": "ping"}, 0
    sent = 0
    for index, block in enumerate(whole["content"]):
        start, field, kind, text = _parts(block)
        yield {"type": "content_block_start", "index": index, "content_block": start}, 0
        for at in range(0, len(text), piece):
            part = text[at : at + piece]
            yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, field: part}}, len(part)
            sent += 1
            if sent % EVENTS_PER_PING == 0:
                yield {"type": "ping"}, 0
        if signature := block.get("signature"):
            delta = {"type": "signature_delta", "signature": signature}
            yield {"type": "content_block_delta", "index": index, "delta": delta}, 0
        yield {"type": "content_block_stop", "index": index}, 0
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}, 0
    yield {"type": "message_stop"}, 0


def encode(event: Event) -> bytes:
    """An event as the stream carries it."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def error(kind: str, words: str) -> dict[str, Any]:
    """An error as the API says it."""
    return {"type": "error", "error": {"type": kind, "message": words}}


def _parts(block: dict[str, Any]) -> tuple[dict[str, Any], str, str, str]:
    """The start of a block, the field its deltas extend, their type, and all their text."""
    match block["type"]:
        case "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            return start, "thinking", "thinking_delta", block["thinking"]
        case "text":
            return {"type": "text", "text": ""}, "text", "text_delta", block["text"]
        case _:
            return {**block, "input": {}}, "partial_json", "input_json_delta", json.dumps(block["input"])


def _tokens(block: dict[str, Any]) -> int:
    return -(-len(_parts(block)[3]) // BYTES_PER_TOKEN)
