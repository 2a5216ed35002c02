"""Whether a request keeps the rules of the Messages API; a rehearsal is as strict as the real server. Pure.

Must not know scenarios or transports.
"""

from __future__ import annotations

from typing import Any


def objection(request: dict[str, Any]) -> str | None:
    """What the API would not accept about the request, in its manner, or None."""
    if not isinstance(request.get("model"), str) or not request["model"]:
        return "model: Field required"
    if not isinstance(request.get("max_tokens"), int) or request["max_tokens"] < 1:
        return "max_tokens: must be at least 1"
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    return _objection_to_messages(messages)


def _objection_to_messages(messages: list[Any]) -> str | None:
    open_calls: set[str] = set()
    seen: set[str] = set()
    for place, message in enumerate(messages):
        role = message.get("role")
        if role not in ("user", "assistant") or (place == 0 and role != "user"):
            return f"messages.{place}: unexpected role {role!r}"
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(blocks, list) or not blocks:
            return f"messages.{place}: content must not be empty"
        if any(block.get("type") == "text" and not block.get("text") for block in blocks):
            return f"messages.{place}: text content blocks must be non-empty"
        calls = [block["id"] for block in blocks if block.get("type") == "tool_use"]
        if len(set(calls)) < len(calls) or not seen.isdisjoint(calls):
            return f"messages.{place}: `tool_use` ids must be unique"
        results = [block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"]
        if strange := [result for result in results if result not in open_calls]:
            return f"messages.{place}: unexpected `tool_use_id` in `tool_result` blocks: {strange[0]}"
        if open_calls - set(results):
            missing = ", ".join(sorted(open_calls - set(results)))
            return f"messages.{place}: `tool_use` ids were found without `tool_result` blocks right after: {missing}"
        if any(block.get("type") != "tool_result" for block in blocks[: len(results)]):
            return f"messages.{place}: `tool_result` blocks must come first"
        seen |= set(calls)
        open_calls = set(calls)
    if open_calls:
        return "messages: the last message has `tool_use` without `tool_result` blocks"
    return None
