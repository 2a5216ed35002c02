"""The card in which the user answers a question or writes to an agent.

It never opens by itself, takes no keys in its first half second (a key meant for the tree must not answer anything),
and while it is open no key of it reaches the tree. What was written and not sent is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Input

from pilothouse.core.views import QuestionView

from ..display.card import card_keys, card_paragraphs
from ..display.cells import wrap
from ..display.inbox import asker, facts
from ..display.roles import Line, Role
from ..display.sanitize import one_line
from ..display.talk import Paragraph
from ..display.words import duration_long
from ..keys import Zone, bindings
from ..live import LiveRun
from .document_view import DocumentView
from .pane import Pane

GRACE = 0.5
"""Seconds after it appears, or shows another question, in which a question's card takes no keys."""


FLAT = 10
"""Below this many lines the card has no border and takes the screen."""


class CardLines(DocumentView, inherit_bindings=False):
    """The text of the card, as high as it is long. The keys that move in a list choose an option here."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.LIST, only="half_page")

    def show(self, paragraphs: Sequence[Paragraph]) -> None:
        before = len(self._paragraphs)
        super().show(paragraphs)
        if before != len(paragraphs):
            self.refresh(layout=True)

    def reveal(self, paragraph: int) -> None:
        """Scroll as little as is needed to see a paragraph."""
        start = self._rows(self._paragraphs[:paragraph], self.text_width)
        end = self._rows(self._paragraphs[: paragraph + 1], self.text_width)
        self.scroll_lines(min(start, max(self.top, end - self.page)))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._rows(self._paragraphs, max(1, width - 1))

    @staticmethod
    def _rows(paragraphs: Sequence[Paragraph], width: int) -> int:
        return sum(len(wrap(each.line, width, each.hang)) for each in paragraphs)


class ReplyCard(Pane):
    """Shows one question, or takes a message for one agent."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.CARD)

    class Sent(Message):
        """The user has answered (`question_id` is set) or written to `agent_id`."""

        def __init__(self, text: str, question_id: str | None, agent_id: str | None) -> None:
            super().__init__()
            self.text = text
            self.question_id = question_id
            self.agent_id = agent_id

    class Left(Message):
        """The card is to be closed."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self._question: QuestionView | None = None
        self._agent_id: str | None = None
        self._choice: int | None = None
        self._drafts: dict[str, str] = {}
        self._ready_at = 0.0
        self._lines = CardLines()
        self._field = Input(compact=True, select_on_focus=False)
        self._field.cursor_blink = False

    @property
    def is_modal(self) -> bool:
        """No key goes past the card."""
        return True

    def compose(self) -> ComposeResult:
        yield self._lines
        yield self._field

    @property
    def question_id(self) -> str | None:
        """The question that is shown."""
        return self._question.id if self._question is not None else None

    @property
    def is_ready(self) -> bool:
        """Whether keys count already."""
        return self._live.clock.monotonic() >= self._ready_at

    @property
    def is_typing(self) -> bool:
        """Whether the line for own words is open."""
        return self.has_class("-typing")

    def open_question(self, question: QuestionView) -> None:
        """Show a question."""
        self._question, self._agent_id, self._choice = question, None, None
        self._ready_at = self._live.clock.monotonic() + GRACE
        self.set_timer(GRACE + 0.02, self.draw)
        self.remove_class("-message")
        self._open(typing=False)

    def open_message(self, agent_id: str) -> None:
        """Take a message for an agent."""
        self._question, self._agent_id = None, agent_id
        self._ready_at = 0.0
        self.add_class("-message")
        self._open(typing=True)

    def forget_draft(self, key: str) -> None:
        """What was written has been sent."""
        self._drafts.pop(key, None)
        self._field.value = ""

    def draw(self) -> None:
        """Show the state of the card."""
        if self._question is not None:
            question = self._question
            waited = duration_long(self._live.now - question.asked_at)
            said = " · ".join([asker(self._live.picture, question), waited, *facts(self._live.picture, question)])
            title: Line = ((f"reply to {said}", Role.ATTENTION),)
            draft = "" if self.is_typing else self._drafts.get(question.id, "")
            paragraphs = card_paragraphs(question, self._choice, draft, self.is_ready, self._live.glyphs)
            self._lines.show(paragraphs)
            self._fit()
            if self._choice is not None:
                self._lines.reveal(len(paragraphs) - len(question.options) - bool(draft) + self._choice)
            keys = card_keys(question, self.is_typing, self.is_ready)
        else:
            agent = self._live.agent(self._agent_id)
            name = one_line(agent.title, 40) if agent is not None else ""
            to = name if agent is not None and agent.parent is None else f"{self._agent_id} {name}"
            title = ((f"say to {to}", Role.ACCENT),)
            self._lines.show([Paragraph(_hint(agent is not None and agent.parent is None))])
            keys = "enter send · esc later"
        self.entitle(title, ((keys, Role.MUTED),))

    # keys

    def action_choose(self, number: int) -> None:
        if self._takes_keys and self._question is not None and number <= len(self._question.options):
            self._choice = number - 1
            self.draw()

    def action_move(self, step: int) -> None:
        if self._takes_keys and self._question is not None and (count := len(self._question.options)):
            self._choice = (self._choice + step) % count if self._choice is not None else 0 if step > 0 else count - 1
            self.draw()

    def action_write(self) -> None:
        if self._takes_keys:
            self._open(typing=True)

    def action_send(self) -> None:
        """Send the chosen option; without one, nothing is sent."""
        if self._takes_keys and self._question is not None and self._choice is not None:
            self.post_message(self.Sent(self._question.options[self._choice], self._question.id, None))

    def action_leave(self) -> None:
        """Back from the line for own words, or out of the card."""
        if self.is_typing:
            self._keep_draft()
            if self._question is not None:
                self._open(typing=False)
                return
        self.post_message(self.Left())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text:
            self._keep_draft()
            self.post_message(self.Sent(text, self.question_id, self._agent_id))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self._keep_draft()

    @property
    def _takes_keys(self) -> bool:
        return self.is_ready and not self.is_typing

    def _open(self, typing: bool) -> None:
        self.set_class(typing, "-typing")
        field = self._field
        if typing:
            field.value = self._drafts.get(self._draft_key, "")
            field.cursor_position = len(field.value)
        self.draw()
        (field if typing else self._lines).focus()

    def _fit(self) -> None:
        """Leave the run in sight where there is room, and the line that is typed in where there is not."""
        height = self.app.size.height
        room = height * 3 // 5 - 2 if height >= FLAT else height - 1
        self._lines.styles.max_height = max(1, room - (2 if self.is_typing else 0))

    @property
    def _draft_key(self) -> str:
        return self.question_id or self._agent_id or ""

    def _keep_draft(self) -> None:
        if self.is_typing:
            self._drafts[self._draft_key] = self._field.value


def _hint(to_orchestrator: bool) -> Line:
    if to_orchestrator:
        return (("a question, a change of plan, a new task: it answers in Talk and manages the team", Role.MUTED),)
    return (("it reads this with its next turn", Role.MUTED),)
