"""A run without a screen: what happens as plain lines on stderr, and the receipt on stdout at the end."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field

from pilothouse.core.commands import AnswerQuestion
from pilothouse.core.errors import ExitCode
from pilothouse.core.face.client import LiveSession
from pilothouse.core.face.folders import RunFolder
from pilothouse.core.face.picture import Picture, Update
from pilothouse.core.ids import QuestionId
from pilothouse.core.status import Status
from pilothouse.core.views import AgentView, QuestionView

from ..display.glyphs import mark_of
from ..display.receipt import receipt
from ..display.words import dollars
from . import endings
from .common import note, say


@dataclass(slots=True)
class Follower:
    """Follows one run to its end, or to where only a person can help.

    `answers` are for the rehearsal's questions, in their order; with `rehearses`, one without an answer takes its
    stated default. A real run's questions are left to people.
    """

    run: RunFolder
    answers: list[str] = field(default_factory=list)
    rehearses: bool = False
    quiet: bool = False
    _shown: dict[str, Status] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _answered: set[str] = field(default_factory=set)

    async def follow(self) -> ExitCode:
        """The exit code of the run."""
        session = LiveSession(self.run)
        try:
            async with aclosing(session.watch()) as updates:
                async for update in updates:
                    self._show(update)
                    for question in session.picture.open_questions():
                        await self._ask(session, question)
                    code = self._code(session.picture)
                    if code is not None:
                        return code
        finally:
            await session.close()
        return ExitCode.FAILED

    def _code(self, picture: Picture) -> ExitCode | None:
        if picture.run is None:
            return None
        code = endings.of_run(picture.run)
        if code is None and not picture.connected and self.run.was_panicked():
            self._note(f"{picture.run.run} was ended by panic; `pilothouse resume-run` takes it up again")
            return ExitCode.KILLED
        if code is None and not picture.connected:
            why = self.run.last_error()
            gone = f"the engine of {picture.run.run} is gone{f' ({why})' if why else ''}"
            self._note(f"{gone}; `pilothouse resume-run` takes the run up again")
            return ExitCode.FAILED
        if code is ExitCode.BLOCKED and all(q.id in self._answered for q in picture.open_questions()):
            return None
        return code

    def _note(self, text: str) -> None:
        if not self.quiet:
            note(text)

    def _show(self, update: Update) -> None:
        for agent in update.agents:
            if self._shown.get(agent.id) is not agent.status:
                self._shown[agent.id] = agent.status
                self._note(line_of(agent))

    async def _ask(self, session: LiveSession, question: QuestionView) -> None:
        """Show a question once, and answer it if this is a rehearsal that knows how."""
        if question.id not in self._asked:
            self._asked.add(question.id)
            options = f" ({' / '.join(question.options)})" if question.options else ""
            self._note(f"{question.id} {', '.join(question.agents)} asks: {question.text}{options}")
        if not self.rehearses or question.kind != "question" or question.id in self._answered:
            return
        given = self.answers.pop(0) if self.answers else None
        text = given or question.default
        if text is not None:
            self._answered.add(question.id)
            await session.submit(AnswerQuestion(QuestionId(question.id), text))
            source = "--answer" if given else "its stated default"
            self._note(f"{question.id} the rehearsal answers: {text} ({source})")


def line_of(agent: AgentView) -> str:
    """An agent's new status as one line."""
    indent = "  " * agent.depth
    words = f"{indent}{agent.id} {agent.title}: {mark_of(agent).word}"
    if agent.status is not Status.RUNNING and agent.activity:
        words += f" - {agent.activity}"
    if agent.status.is_terminal:
        words += f" ({dollars(agent.cost_usd)}, {agent.seconds:.1f} s)"
    return words


def print_receipt(picture: Picture) -> None:
    """The receipt on stdout."""
    for paragraph in receipt(picture, None, lands="`pilothouse merge`"):
        say("".join(text for text, _ in paragraph.line).rstrip())
