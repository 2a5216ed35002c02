"""What a rehearsal reads out of a request: whose conversation it is and what that agent was told. Pure.

Must not know scenarios or transports.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_HEADING = re.compile(r"^# (Order|Goal): *(.*?) *$", re.MULTILINE)
_SPAWNED = re.compile(r'\bspawned (a\d+) "([^"\n]*)"')
_ASKS = re.compile(r"\basks (q\d+)\b")
_QUESTION = re.compile(r"\b(q\d+)\b")

BYTES_PER_TOKEN = 4
"""How long a token is taken to be; near enough to make figures look right."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One request, read. `told[i]` is what the agent was told before its turn `i`; the last one is what is new."""

    is_orchestrator: bool
    title: str | None
    """None: this is no agent of ours."""
    told: tuple[str, ...]
    ids: dict[str, str]
    """Agents it spawned, by title."""
    question: str | None
    answer: str | None
    tools: frozenset[str]
    finished_before: bool
    """Whether its last message called `finish`, which then was refused."""

    @property
    def turns(self) -> int:
        """How many messages the model has sent so far."""
        return len(self.told) - 1


def read(request: dict[str, Any]) -> Conversation:
    """The conversation in the body of a request to `/v1/messages`."""
    messages = request["messages"]
    told: list[list[str]] = [[]]
    answer = None
    asked: set[str] = set()
    last_calls: list[str] = []
    for message in messages:
        blocks = _blocks(message)
        if message["role"] == "assistant":
            told.append([])
            last_calls = [str(block.get("name")) for block in blocks if block.get("type") == "tool_use"]
            asked |= {block["id"] for block in blocks if block.get("name") == "ask"}
            continue
        for block in blocks:
            text = _text(block)
            told[-1].append(text)
            if block.get("tool_use_id") in asked and not block.get("is_error") and text.strip():
                answer = text.strip().splitlines()[0].strip()
    texts = tuple("\n".join(texts) for texts in told)
    heading = _HEADING.search(texts[0])
    everything = "\n".join(texts)
    questions = _ASKS.findall(everything) or _QUESTION.findall(everything)
    return Conversation(
        is_orchestrator=heading is not None and heading[1] == "Goal",
        title=heading[2] if heading else None,
        told=texts,
        ids={title: agent_id for agent_id, title in _SPAWNED.findall(everything)},
        question=questions[-1] if questions else None,
        answer=answer,
        tools=frozenset(str(tool.get("name")) for tool in request.get("tools") or ()),
        finished_before="finish" in last_calls,
    )


def usage(request: dict[str, Any]) -> dict[str, int]:
    """The input side of the usage, from the real size of the request.

    What the conversation's previous request held comes from the cache: all that stands before the last assistant
    message. Without cache control nothing does.
    """
    messages = request["messages"]
    total = _tokens({name: request.get(name) for name in ("system", "tools")}) + sum(map(_tokens, messages))
    if "cache_control" not in json.dumps({**request, "messages": messages[-1:]}):
        return {"input_tokens": total, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    replied = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    known = total - sum(map(_tokens, messages[replied[-1] :])) if replied else 0
    fresh = min(3, total - known)
    return {
        "input_tokens": fresh,
        "cache_read_input_tokens": known,
        "cache_creation_input_tokens": total - known - fresh,
    }


def count(request: dict[str, Any]) -> int:
    """How many tokens the request holds."""
    figures = usage(request)
    return sum(figures.values())


def _tokens(value: object) -> int:
    return -(-len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(block: dict[str, Any]) -> str:
    content = block.get("content") if block.get("type") == "tool_result" else block.get("text")
    if isinstance(content, list):
        return "\n".join(_text(inner) for inner in content)
    return content if isinstance(content, str) else ""
