"""The receipt of a run over the whole screen, and the key that lands its result."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from ..display.receipt import receipt
from ..display.roles import Role
from ..keys import Zone, bindings
from ..live import LiveRun
from ..steering import Steering
from ..widgets.bars import FooterLine, HeaderLine
from ..widgets.document_view import DocumentView
from ..widgets.pane import Pane


class ReceiptScreen(Screen[None]):
    """What the run came to."""

    BINDINGS: ClassVar[list[Binding]] = bindings(Zone.RECEIPT)  # type: ignore[assignment]
    AUTO_FOCUS = "DocumentView"

    def __init__(self, live: LiveRun, steering: Steering) -> None:
        super().__init__()
        self._live = live
        self._steering = steering

    def compose(self) -> ComposeResult:
        yield HeaderLine(self._live)
        with Pane(classes="page"):
            yield DocumentView()
        yield FooterLine(Zone.RECEIPT, Zone.LIST, Zone.EVERYWHERE)

    def on_mount(self) -> None:
        self.call_after_refresh(self.frame)

    def frame(self) -> None:
        """Draw the newest picture."""
        if self.is_mounted:
            self.query_one(HeaderLine).refresh()
            self.query_one(Pane).entitle((("receipt", Role.STRONG),))
            self.query_one(DocumentView).show(receipt(self._live.picture, self._live.zone, self._live.glyphs))

    def tick(self) -> None:
        """Draw what changes with the clock alone."""
        self.query_one(HeaderLine).refresh()

    async def action_land(self) -> None:
        outcome = await self._steering.land()
        self.notify(outcome.text, severity="warning" if outcome.refused else "information", markup=False)

    def action_leave(self) -> None:
        self.dismiss()
