"""One decision in the making: events are folded as they are decided, so that each step sees the ones before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..events import AgentTold, AnyEvent, CallAnswered, EffectClosed, EffectOpened, QuestionAsked, QuestionKind, Voice
from ..ids import AgentId, CallId, EffectId, QuestionId, effect_id, question_id
from ..instructions import AnyInstruction, CancelEffect, StartEffect
from ..outcomes import AnyOutcome
from ..reducer import reduce
from ..state import AgentRecord, State


@dataclass(slots=True)
class Decision:
    """What is decided about one input: the events, what the engine must do once they are durable, and the answer.

    `wake_at` is when the kernel wants to be asked again at the latest, in Unix milliseconds.
    """

    state: State
    at: int
    events: list[AnyEvent] = field(default_factory=list)
    instructions: list[StartEffect | CancelEffect] = field(default_factory=list)
    answer: str = ""
    refused: bool = False
    wake_at: int | None = None

    def emit(self, event: AnyEvent) -> None:
        """Decide that `event` is so."""
        reduce(self.state, event, self.at)
        self.events.append(event)

    def open(self, instruction: AnyInstruction, agent_id: AgentId | None) -> EffectId:
        """Begin an effect."""
        name = effect_id(self.state.last_effect + 1)
        self.emit(EffectOpened(name, instruction, agent_id))
        self.instructions.append(StartEffect(name, agent_id, instruction))
        return name

    def close(self, effect: EffectId, outcome: AnyOutcome) -> None:
        """Note how an effect ended."""
        self.emit(EffectClosed(effect, outcome))

    def cancel_effects(self, record: AgentRecord) -> None:
        """End what `record` has in flight, now, but for what cannot be ended half-way."""
        self.instructions.extend(
            CancelEffect(effect.id) for effect in record.effects.values() if effect.instruction.can_be_cancelled
        )

    def answer_call(self, record: AgentRecord, call_id: CallId, text: str, *, is_error: bool = False) -> None:
        """Give a tool call its result."""
        self.emit(CallAnswered(record.id, call_id, text, is_error))

    def tell(self, record: AgentRecord, text: str, voice: Voice, *, wakes: bool = True) -> None:
        """Put `text` before an agent; one that waits for others stops waiting if it `wakes`."""
        if record.is_live:
            self.emit(AgentTold(record.id, text, voice, wakes))

    def ask(
        self,
        record: AgentRecord,
        kind: QuestionKind,
        text: str,
        options: tuple[str, ...],
        *,
        why: str = "",
        default: str | None = None,
        call_id: CallId | None = None,
        holder: AgentId | None = None,
    ) -> QuestionId:
        """Put a question."""
        name = question_id(self.state.last_question + 1)
        self.emit(
            QuestionAsked(
                question_id=name,
                agent_id=record.id,
                kind_of=kind,
                text=text,
                options=options,
                why=why,
                default=default,
                call_id=call_id,
                holder=holder,
            )
        )
        return name

    def refuse(self, words: str) -> None:
        """Turn the command down; nothing has happened."""
        self.answer, self.refused = words, True
