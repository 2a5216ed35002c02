"""The keys, from the one table."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from ..display.glyphs import MARKS, GlyphSet
from ..display.roles import Line, Role
from ..display.talk import Paragraph
from ..keys import Zone, help_rows
from ..widgets.bars import FooterLine
from ..widgets.document_view import DocumentView
from ..widgets.pane import Pane

CAP_CELLS = 16
TITLES = {
    Zone.LIST: "Move",
    Zone.TREE: "In the tree",
    Zone.RUN: "Anywhere on a run's screen",
    Zone.LOG: "In a log",
    Zone.INBOX: "In the inbox",
    Zone.CARD: "In a reply card",
    Zone.RECEIPT: "On the receipt",
    Zone.DIALOG: "When asked whether you are sure",
    Zone.START: "Before there is a run",
    Zone.EVERYWHERE: "Everywhere",
}


class HelpScreen(Screen[None]):
    """Every key and every glyph."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "leave", "back", show=False),
    ]
    AUTO_FOCUS = "DocumentView"

    def __init__(self, glyphs: GlyphSet) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._document = DocumentView()
        self._pane = Pane(self._document, classes="page")

    def compose(self) -> ComposeResult:
        yield self._pane
        yield FooterLine(Zone.LIST, Zone.EVERYWHERE)

    def on_mount(self) -> None:
        self._document.show(help_paragraphs(self._glyphs))
        self.call_after_refresh(self._entitle)

    def action_leave(self) -> None:
        self.dismiss()

    def _entitle(self) -> None:
        self._pane.entitle((("keys", Role.STRONG),), (("esc back", Role.MUTED),))


def help_paragraphs(glyphs: GlyphSet) -> list[Paragraph]:
    """The keys zone by zone, then what the glyphs mean."""
    paragraphs: list[Paragraph] = []
    for zone, rows in groupby(sorted(help_rows(), key=lambda row: list(TITLES).index(row[0])), key=lambda row: row[0]):
        paragraphs.append(Paragraph(((TITLES[zone], Role.STRONG),)))
        for _zone, cap, sentence in rows:
            paragraphs.append(Paragraph(((f"  {cap:<{CAP_CELLS}}", Role.ACCENT), (sentence, Role.TEXT)), CAP_CELLS + 2))
        paragraphs.append(Paragraph(()))
    paragraphs.append(Paragraph((("What the glyphs mean", Role.STRONG),)))
    legend: Line = tuple(
        span for mark in MARKS for span in ((f"  {glyphs.of(mark)} ", mark.role), (mark.word, Role.TEXT))
    )
    paragraphs.append(Paragraph(legend, 2))
    return paragraphs
