"""A question of the program itself, before something that cannot be taken back. Only y and n answer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from ..display.roles import Role
from ..display.sanitize import one_line
from ..display.talk import Paragraph
from ..keys import Zone, bindings
from ..widgets.pane import Pane
from ..widgets.reply_card import CardLines

MAX_NAMES = 12


class ConfirmScreen(ModalScreen[bool]):
    """Asks `question` and lists what it is about; the result is whether to go on."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.DIALOG)

    def __init__(self, question: str, names: Sequence[str] = ()) -> None:
        super().__init__()
        self._question = question
        self._names = names
        self._lines = CardLines()
        self._pane = Pane(self._lines, classes="dialog")

    def compose(self) -> ComposeResult:
        yield self._pane

    def on_mount(self) -> None:
        shown = [Paragraph(((f"  {one_line(name)}", Role.MUTED),)) for name in self._names[:MAX_NAMES]]
        if len(self._names) > MAX_NAMES:
            shown.append(Paragraph(((f"  and {len(self._names) - MAX_NAMES} more", Role.MUTED),)))
        self._lines.show([Paragraph(((one_line(self._question), Role.STRONG),)), *shown])
        self.call_after_refresh(self._entitle)

    def action_confirm(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)

    def _entitle(self) -> None:
        self._pane.entitle((("sure?", Role.BAD),), (("y yes · n no", Role.MUTED),))
