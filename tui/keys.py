"""The one table of keys. Bindings, footer, help screen, palette and the key list in the docs are all made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Zone(StrEnum):
    """Where a key works. A zone's own keys go before those that work everywhere."""

    RUN = "run"
    """Anywhere on the screen of a run."""
    EVERYWHERE = "everywhere"
    LIST = "list"
    """Anything with lines to move in."""
    TREE = "tree"
    LOG = "log"
    INBOX = "inbox"
    CARD = "card"
    RECEIPT = "receipt"
    DIALOG = "dialog"
    START = "start"
    """The screen before there is a run."""


@dataclass(frozen=True, slots=True)
class Key:
    """One thing a key does."""

    keys: str
    """Names as Textual knows them, with commas between."""
    action: str
    label: str
    """One or two words for the footer."""
    help: str
    """One sentence for the help screen and the palette."""
    zone: Zone = Zone.RUN
    footer: int = 0
    """Place in the footer: the lower the longer it stays there in a narrow terminal; 0 is not in the footer."""
    shown: str = ""
    """How the keys are written for a person, when not as they are."""
    palette: bool = True
    """Whether it makes sense without the key: then the palette has it too."""

    @property
    def cap(self) -> str:
        """The keys for a person."""
        return self.shown or self.keys.replace(",", " ")


KEYS: tuple[Key, ...] = (
    Key("j,down", "move(1)", "down", "one line down", Zone.LIST, shown="j ↓", palette=False),
    Key("k,up", "move(-1)", "up", "one line up", Zone.LIST, shown="k ↑", palette=False),
    Key("ctrl+d,pagedown", "half_page(1)", "page down", "half a page down", Zone.LIST, shown="ctrl+d", palette=False),
    Key("ctrl+u,pageup", "half_page(-1)", "page up", "half a page up", Zone.LIST, shown="ctrl+u", palette=False),
    Key("g,home", "first", "top", "the first line", Zone.LIST, shown="g", palette=False),
    Key("G,end", "last", "bottom", "the last line", Zone.LIST, shown="G", palette=False),
    Key("h,left", "fold", "fold", "collapse, or go to the parent", Zone.TREE, shown="h ←", palette=False),
    Key("l,right", "unfold", "unfold", "expand, or go to the first child", Zone.TREE, shown="l →", palette=False),
    Key("enter", "open", "open", "open in full; in the inbox: reply", footer=8),
    Key("escape", "back", "back", "back", shown="esc"),
    Key("minus", "last_agent", "last agent", "the agent you looked at before", shown="-"),
    Key("tab", "zone(1)", "zone", "next zone", footer=9),
    Key("shift+tab", "zone(-1)", "zone", "zone before", palette=False),
    Key("1", "focus_zone('tree')", "tree", "to the tree"),
    Key("2", "focus_zone('detail')", "detail", "to the detail"),
    Key("3", "focus_zone('inbox')", "inbox", "to the inbox"),
    Key("left_square_bracket", "tab(-1)", "tab", "tab of the detail before", shown="["),
    Key("right_square_bracket", "tab(1)", "tab", "next tab of the detail", footer=10, shown="]"),
    Key("z", "zoom", "zoom", "the zone over the whole screen, and back"),
    Key("n", "needs_you(1)", "next for you", "next agent that needs you", footer=3),
    Key("N", "needs_you(-1)", "one before", "agent before that needs you"),
    Key("w", "why", "why", "why is this agent not further", footer=7),
    Key("r", "reply", "reply", "reply to the question, or write to the agent when none is open", footer=2),
    Key("s", "say", "say", "say something to the orchestrator, a new task too", footer=6),
    Key("p", "pause", "pause", "pause or resume the agent and everything below it", footer=4),
    Key("P", "pause_all", "pause all", "pause or resume everything"),
    Key("x", "stop", "stop", "stop the agent after what is in flight (asks when it has children)", footer=5),
    Key("X", "kill", "kill", "kill the agent and everything below it (press again within 2 s)", footer=5),
    Key("R", "retry", "retry", "retry an agent that ended without success, with the same spec"),
    Key("m", "land", "land", "the receipt; there: land the result in your branch"),
    Key("f", "follow", "follow", "follow the end of the log, or stay", Zone.LOG, footer=1),
    Key("w", "wrap", "wrap", "wrap long lines, or cut them", Zone.LOG, footer=2),
    Key("c", "clock", "times", "show or hide the times", Zone.LOG, footer=3),
    Key("1,2,3,4,5,6,7,8,9", "choose", "choose", "choose an option", Zone.CARD, footer=1, shown="1-9", palette=False),
    Key("j,down", "move(1)", "next", "the next option", Zone.CARD, shown="j ↓", palette=False),
    Key("k,up", "move(-1)", "before", "the option before", Zone.CARD, shown="k ↑", palette=False),
    Key("i", "write", "own words", "answer in your own words", Zone.CARD, footer=2, palette=False),
    Key("enter", "send", "send", "send the reply", Zone.CARD, footer=3, palette=False),
    Key(
        "escape",
        "leave",
        "later",
        "leave the card; what you wrote is kept",
        Zone.CARD,
        footer=4,
        shown="esc",
        palette=False,
    ),
    Key("m", "land", "land", "land the result in your branch", Zone.RECEIPT, footer=1, palette=False),
    Key("escape,enter", "leave", "back", "back to the tree", Zone.RECEIPT, footer=2, shown="esc", palette=False),
    Key("y,enter", "confirm", "yes", "do it", Zone.DIALOG, footer=1, shown="y", palette=False),
    Key("n,escape", "leave", "no", "leave it", Zone.DIALOG, footer=2, shown="n esc", palette=False),
    Key(
        "enter",
        "open",
        "open",
        "start with the goal that was typed, or open the chosen run",
        Zone.START,
        footer=1,
        palette=False,
    ),
    Key(
        "tab",
        "app.focus_next",
        "goal or runs",
        "from the goal to the runs and back",
        Zone.START,
        footer=2,
        palette=False,
    ),
    Key(
        "d",
        "rehearse",
        "rehearsal",
        "watch the rehearsal: offline, free, everything but the words real",
        Zone.START,
        footer=3,
        palette=False,
    ),
    Key("T", "app.next_theme", "theme", "the next palette", Zone.EVERYWHERE),
    Key("ctrl+z", "app.suspend_process", "suspend", "back to the shell for a while (fg returns)", Zone.EVERYWHERE),
    Key(
        "colon,ctrl+p",
        "app.command_palette",
        "commands",
        "every command by name",
        Zone.EVERYWHERE,
        footer=12,
        shown=":",
        palette=False,
    ),
    Key("question_mark", "app.help", "keys", "the keys", Zone.EVERYWHERE, footer=1, shown="?"),
    Key("ctrl+c", "app.how_to_leave", "how to leave", "say how to leave", Zone.EVERYWHERE, palette=False),
    Key("q", "app.leave", "leave", "leave; the agents go on", Zone.EVERYWHERE, footer=11),
    Key("Q", "stop_all", "stop all", "stop all agents and quit (shows the list, asks)"),
)
"""In the order in which the help screen shows them."""

PANIC = "ctrl+\\ twice"
"""Not a binding: the input thread sees it even when the screen is stuck (see `driver`)."""
PANIC_HELP = "panic: end every process of the run at once"


def bindings(*zones: Zone, only: str = "") -> list[BindingType]:
    """The bindings of one or more zones; `only` those whose action begins so."""
    return [
        Binding(name, _action(key, name), key.label, show=False, key_display=key.cap)
        for key in KEYS
        if key.zone in zones and key.action.startswith(only)
        for name in key.keys.split(",")
    ]


def footer_keys(*zones: Zone) -> list[Key]:
    """What the footer offers in a zone, its own keys first; a key that means two things is shown once."""
    offered: list[Key] = []
    taken: set[str] = set()
    for zone in zones:
        for key in sorted((key for key in KEYS if key.zone is zone and key.footer), key=lambda key: key.footer):
            names = set(key.keys.split(","))
            if not names & taken:
                offered.append(key)
            taken |= names
    return offered


def help_rows() -> Iterator[tuple[Zone, str, str]]:
    """Zone, keys and sentence of everything, for a person."""
    for key in KEYS:
        yield key.zone, key.cap, key.help
    yield Zone.EVERYWHERE, PANIC, PANIC_HELP


def markdown() -> str:
    """The table for the docs."""
    rows = [f"| `{cap}` | {zone} | {sentence} |" for zone, cap, sentence in help_rows()]
    return "\n".join(["| key | where | does |", "| --- | --- | --- |", *rows]) + "\n"


def _action(key: Key, name: str) -> str:
    return f"{key.action}({name})" if key.action == "choose" else key.action
