"""How a conversation is put together: what stands in the transcript, and the message the agent reads next. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ..ports import Block, Message
from ..state import Note

SILENCE = "(nothing)"
"""Stands for a message without content, which the API does not take back."""


def note_blocks(notes: Iterable[Note]) -> list[Block]:
    """The notes of an inbox as content blocks."""
    return [_block(note) for note in notes]


def _block(note: Note) -> Block:
    if note.call_id is None:
        return {"type": "text", "text": note.text or SILENCE}
    return result_block(note.call_id, note.text, is_error=note.is_error)


def result_block(call_id: str, content: str | list[Block], *, is_error: bool) -> Block:
    """The result of a tool call."""
    block: Block = {"type": "tool_result", "tool_use_id": call_id, "content": content or SILENCE}
    if is_error:
        block["is_error"] = True
    return block


def assemble(messages: Sequence[Message]) -> list[Message]:
    """`messages` as the API wants them: users and assistants in turn, results first and in the order of the calls."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1] = {"role": message["role"], "content": merged[-1]["content"] + message["content"]}
        else:
            merged.append({"role": message["role"], "content": list(message["content"])})
    for before, after in pairwise(merged):
        if after["role"] == "user":
            after["content"] = _in_order(before["content"], after["content"])
    return merged


def _in_order(asked: list[Block], given: list[Block]) -> list[Block]:
    order = {block["id"]: place for place, block in enumerate(asked) if block["type"] == "tool_use"}
    results = [block for block in given if block["type"] == "tool_result"]
    others = [block for block in given if block["type"] != "tool_result"]
    return sorted(results, key=lambda block: order.get(block["tool_use_id"], len(order))) + others


def unique_calls(content: list[Block]) -> list[Block]:
    """`content` with each tool call under an id of its own, whatever the server called them."""
    seen: set[str] = set()
    found: list[Block] = []
    for block in content:
        if block["type"] == "tool_use":
            name = str(block.get("id") or "call")
            while name in seen:
                name += "_"
            seen.add(name)
            block = {**block, "id": name}
        found.append(block)
    return found


def said(content: Iterable[Block]) -> str:
    """The text of a message."""
    return "\n\n".join(block["text"] for block in content if block["type"] == "text" and block["text"].strip())
