"""The effect "carry out a tool call": its result goes to the transcript, and a few lines of it to the log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import JournalDamagedError
from ..ids import CallId, EffectId
from ..instructions import StartTool
from ..outcomes import ToolFinished
from ..state import AgentRecord
from ..tools.context import Arguments, ToolContext
from .bench import Bench
from .conversation import result_block

SHOWN_LINES = 40
"""Lines of a result that the log shows; the transcript has all of it."""
STREAMED_LINES = 400
"""Lines of a command's output that the log shows as they come."""


class _Output:
    """What a command prints, line by line into the log, until there is too much of it."""

    def __init__(self, bench: Bench, record: AgentRecord) -> None:
        self._bench = bench
        self._record = record
        self._rest = ""
        self.lines = 0

    def add(self, text: str) -> None:
        """More has been printed."""
        finished, newline, rest = (self._rest + text).rpartition("\n")
        self._rest = rest[-STREAMED_LINES * 100 :]
        if newline:
            self._show(finished)

    def _show(self, finished: str) -> None:
        lines = finished.split("\n")
        room = STREAMED_LINES - self.lines
        self.lines += len(lines)
        if room > 0:
            self._bench.log.write(self._record.id, "result", "\n".join(lines[:room]))

    def close(self) -> None:
        """The command has ended."""
        if self._rest:
            self._show(self._rest)
        if self.lines > STREAMED_LINES:
            more = self.lines - STREAMED_LINES
            self._bench.log.write(self._record.id, "note", f"… {more} more lines, in the agent's output folder …")


async def run_tool(bench: Bench, record: AgentRecord, effect: EffectId, instruction: StartTool) -> ToolFinished:
    """Carry out the call and keep its result."""
    arguments = await _arguments(bench, record, instruction.call_id)
    bench.log.write(record.id, "tool", instruction.brief)
    output = _Output(bench, record)
    context = replace(own_context(bench, record, effect), on_output=output.add)
    result = await bench.toolbox.perform(instruction.name, context, arguments)
    output.close()
    block = result_block(instruction.call_id, result.content, is_error=result.is_error)
    span = await bench.transcripts.append(record.id, [{"role": "user", "content": [block]}])
    text = result.text.splitlines()[-1] if output.lines and result.text else result.text
    if result.is_error or not output.lines:
        bench.log.write(record.id, "error" if result.is_error else "result", _shown(text))
    return ToolFinished(span, result.is_error)


def own_context(bench: Bench, record: AgentRecord, effect: EffectId) -> ToolContext:
    """What tools get in the agent's own workspace."""
    assert record.checkout is not None
    return bench.tool_context(record, effect, Path(record.checkout.path), is_writer=record.spec.is_writer)


async def _arguments(bench: Bench, record: AgentRecord, call_id: CallId) -> Arguments:
    """The input of the call, from the last message of the agent that made it."""
    for message in reversed(await bench.transcripts.load(record.id, record.conversation)):
        if message["role"] == "assistant":
            for block in message["content"]:
                if block["type"] == "tool_use" and block["id"] == call_id:
                    return dict(block["input"])
    raise JournalDamagedError(f"the transcript of {record.id} does not hold the call {call_id}")


def _shown(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= SHOWN_LINES:
        return text
    head, tail = lines[: SHOWN_LINES // 2], lines[-SHOWN_LINES // 2 :]
    return "\n".join([*head, f"… {len(lines) - SHOWN_LINES} more lines …", *tail])
