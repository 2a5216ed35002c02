"""The receipt of a run over the whole screen, and the key that lands its result."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
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

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.RECEIPT)
    AUTO_FOCUS = "DocumentView"

    def __init__(self, live: LiveRun, steering: Steering) -> None:
        super().__init__()
        self._live = live
        self._steering = steering
        self._header = HeaderLine(live)
        self._document = DocumentView()
        self._pane = Pane(self._document, classes="page")

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._pane
        yield FooterLine(Zone.RECEIPT, Zone.LIST, Zone.EVERYWHERE)

    def on_mount(self) -> None:
        self.call_after_refresh(self.frame)

    def frame(self) -> None:
        """Draw the newest picture."""
        self._header.refresh()
        self._pane.entitle((("receipt", Role.STRONG),))
        self._document.show(receipt(self._live.picture, self._live.zone, self._live.glyphs))

    def tick(self) -> None:
        """Draw what changes with the clock alone."""
        self._header.refresh()

    def poll(self) -> None:
        """Nothing here comes from a file."""

    async def action_land(self) -> None:
        outcome = await self._steering.land()
        self.notify(outcome.text, severity="warning" if outcome.refused else "information", markup=False)

    def action_leave(self) -> None:
        self.dismiss()
