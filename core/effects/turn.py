"""The effect "take a turn": one call of the model with the agent's conversation, its message made durable."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ..instructions import StartTurn
from ..money import ZERO, Price, Tokens
from ..orders import order_text
from ..outcomes import Cancelled, ModelErrorKind, StopReason, ToolCall, TurnCompleted, TurnFailed
from ..ports import Block, Message, ModelError, Reply, TurnRequest
from ..state import AgentRecord
from .bench import Bench
from .conversation import SILENCE, assemble, note_blocks, said, unique_calls

BYTES_PER_TOKEN = 2
"""Text that came before a call broke off is counted at this: dear rather than free."""

_MAY_HAVE_RUN = frozenset({ModelErrorKind.CONNECTION, ModelErrorKind.STALLED, ModelErrorKind.UNKNOWN})
"""Failures after which nobody knows whether the server has counted the call."""


class Turn:
    """One call. `run` gives its outcome; `cancelled` what it cost when it was ended from here."""

    def __init__(self, bench: Bench, record: AgentRecord, instruction: StartTurn) -> None:
        self._bench = bench
        self._record = record
        self._instruction = instruction
        self._tokens: Tokens | None = None
        self._bytes = 0
        self._is_sent = False
        self._live = bench.stage.live(record.id)

    def text(self, kind: str, delta: str) -> None:
        """Part of the port `Live`."""
        self._bytes += len(delta)
        self._live.text(kind, delta)

    def used(self, tokens: Tokens) -> None:
        """Part of the port `Live`."""
        self._tokens = tokens
        self._live.used(tokens)

    async def run(self) -> TurnCompleted | TurnFailed:
        """Call the model and keep what it says. Raises nothing that a model or a wire may cause."""
        bench, record = self._bench, self._record
        notes = record.inbox[: self._instruction.notes]
        fresh = note_blocks(notes)
        if not record.conversation:
            fresh.insert(0, {"type": "text", "text": order_text(bench.state, record)})
        known = await bench.transcripts.load(record.id, record.conversation)
        asked: list[Message] = [{"role": "user", "content": fresh}] if fresh else []
        request = TurnRequest(
            model=self._instruction.model,
            max_tokens=self._instruction.max_tokens,
            system=bench.instructions(record),
            messages=assemble([*known, *asked]),
            tools=bench.toolbox.schemas(record.spec),
        )
        self._is_sent = True
        try:
            reply = await bench.model.take_turn(request, self)
        except ModelError as failure:
            return self._failed(failure)
        finally:
            self._live.close()
        self._tokens = reply.tokens
        try:
            return await self._completed(reply, asked)
        except OSError as problem:
            # Without its place in the transcript the message does not count. What it cost is known all the same.
            message = f"the message came, but cannot be kept: {problem.strerror or problem}"
            cost = self._cost(reply.tokens)
            return TurnFailed(ModelErrorKind.UNKNOWN, message, tokens=reply.tokens, cost_usd=cost)

    async def _completed(self, reply: Reply, asked: Sequence[Message]) -> TurnCompleted:
        bench, record = self._bench, self._record
        content = unique_calls(reply.content) or [{"type": "text", "text": SILENCE}]
        calls = tuple([await self._read(block, reply.stop_reason) for block in content if block["type"] == "tool_use"])
        span = await bench.transcripts.append(record.id, [*asked, {"role": "assistant", "content": content}])
        room = bench.state.started.limits.result_bytes
        return TurnCompleted(
            span=span,
            stop_reason=reply.stop_reason,
            tokens=reply.tokens,
            cost_usd=self._cost(reply.tokens),
            calls=calls,
            text=said(reply.content).encode()[:room].decode(errors="ignore"),
        )

    async def _read(self, block: Block, stop: StopReason) -> ToolCall:
        call = await self._bench.toolbox.read_call(block, self._record.spec)
        if stop is StopReason.TOOL_USE:
            return call
        return ToolCall(call.call_id, call.name, call.brief, error=f"not run: the message ended with {stop.value}")

    def _failed(self, failure: ModelError) -> TurnFailed:
        """What the call cost although it failed: what the server said, else all that was set aside, if it ran."""
        tokens = failure.tokens or self._tokens
        if tokens is not None:
            tokens = self._with_text(tokens, failure.text_bytes)
            cost, estimated = self._cost(tokens), True
        elif failure.reached and failure.kind in _MAY_HAVE_RUN:
            tokens, cost, estimated = Tokens(), self._instruction.reserved_usd, True
        else:
            tokens, cost, estimated = Tokens(), ZERO, False
        return TurnFailed(
            error=failure.kind,
            message=failure.message,
            retry_after_ms=failure.retry_after_ms,
            tokens=tokens,
            cost_usd=cost,
            estimated=estimated,
        )

    def cancelled(self) -> Cancelled:
        """What the call cost that was ended from here."""
        self._live.close()
        if not self._is_sent:
            return Cancelled()
        if self._tokens is None:
            return Cancelled(cost_usd=self._instruction.reserved_usd, estimated=True)
        tokens = self._with_text(self._tokens, self._bytes)
        return Cancelled(tokens, self._cost(tokens), estimated=True)

    def _with_text(self, tokens: Tokens, text_bytes: int) -> Tokens:
        output = max(tokens.output, text_bytes // BYTES_PER_TOKEN)
        output = min(output, self._instruction.max_tokens)
        return Tokens(tokens.input, output, tokens.cache_read, tokens.cache_write)

    def _cost(self, tokens: Tokens) -> Decimal:
        """What `tokens` cost, at the price that was reserved at where the price list has none; never more than that."""
        model = self._instruction.model
        try:
            cost: Decimal = self._bench.prices.cost(model, tokens)
        except KeyError:
            price: Price | None = self._bench.state.prices.get(model)
            cost = price.cost(tokens) if price is not None else self._instruction.reserved_usd
        return cost
