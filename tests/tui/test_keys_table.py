"""One table feeds bindings, footer, help and docs; so it must be whole and free of contradictions."""

from itertools import product

from textual.binding import Binding

from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.display.cells import line_width
from pilothouse.tui.display.glyphs import UNICODE
from pilothouse.tui.keys import KEYS, PANIC, Zone, bindings, footer_keys, markdown
from pilothouse.tui.screens.confirm import ConfirmScreen
from pilothouse.tui.screens.help import help_paragraphs
from pilothouse.tui.screens.receipt import ReceiptScreen
from pilothouse.tui.screens.start import StartScreen
from pilothouse.tui.screens.supervisor import SupervisorScreen
from pilothouse.tui.widgets.agent_tree import AgentTree
from pilothouse.tui.widgets.bars import footer_line
from pilothouse.tui.widgets.line_pane import LinePane
from pilothouse.tui.widgets.log_view import LogView
from pilothouse.tui.widgets.reply_card import ReplyCard

OWNERS: dict[Zone, type] = {
    Zone.RUN: SupervisorScreen,
    Zone.LIST: LinePane,
    Zone.TREE: AgentTree,
    Zone.LOG: LogView,
    Zone.CARD: ReplyCard,
    Zone.RECEIPT: ReceiptScreen,
    Zone.DIALOG: ConfirmScreen,
    Zone.START: StartScreen,
    Zone.EVERYWHERE: PilothouseApp,
}


def test_every_key_has_an_action_where_it_works() -> None:
    for key in KEYS:
        name = key.action.removeprefix("app.").partition("(")[0]
        owner = PilothouseApp if key.action.startswith("app.") else OWNERS[key.zone]
        assert callable(getattr(owner, f"action_{name}")), key


def test_no_key_means_two_things_in_a_zone() -> None:
    for zone in Zone:
        names = [name for key in KEYS if key.zone is zone for name in key.keys.split(",")]
        assert len(names) == len(set(names))


def test_keys_that_terminals_need_are_left_alone() -> None:
    names = {name for key in KEYS for name in key.keys.split(",")}
    assert not names & {"ctrl+b", "ctrl+s", "ctrl+q", "ctrl+backslash"}


def test_no_key_of_the_tree_or_the_inbox_answers_a_question() -> None:
    for key in KEYS:
        if key.action.startswith(("choose", "send")):
            assert key.zone is Zone.CARD


def test_bindings_are_all_of_a_zone_and_no_others() -> None:
    made = {binding.key for binding in bindings(Zone.LOG) if isinstance(binding, Binding)}
    assert made == {"f", "w", "c"}


def test_help_and_docs_hold_every_key() -> None:
    table = markdown()
    shown = "\n".join("".join(text for text, _role in paragraph.line) for paragraph in help_paragraphs(UNICODE))
    for key in KEYS:
        assert f"`{key.cap}`" in table
        assert key.help in table
        assert key.help in shown
    assert PANIC in table
    assert PANIC in shown


def test_the_footer_fits_and_ends_with_the_way_to_all_keys() -> None:
    for zone, width in product(Zone, (1, 10, 20, 60, 80, 140)):
        line = footer_line(footer_keys(zone, Zone.RUN, Zone.EVERYWHERE), width)
        assert "".join(text for text, _role in line).rstrip().endswith("? keys")
        assert line_width(line) <= max(width, 20)


def test_a_zone_s_own_key_hides_the_one_that_works_everywhere() -> None:
    labels = [key.label for key in footer_keys(Zone.LOG, Zone.RUN, Zone.EVERYWHERE)]
    assert "wrap" in labels
    assert "why" not in labels
