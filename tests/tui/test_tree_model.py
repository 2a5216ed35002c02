"""The tree of agents as rows and columns, without a terminal."""

from itertools import product
from pathlib import Path

import pytest

from fakes.story import NOW, agent, tell
from pilothouse.core.face.picture import Picture
from pilothouse.core.status import Pause, Reason, Status, Verdict
from pilothouse.tui.display.cells import line_width
from pilothouse.tui.display.columns import columns_for, name_width, row_line
from pilothouse.tui.display.glyphs import ASCII, MARKS, UNICODE, GlyphSet, mark_of
from pilothouse.tui.display.rows import TreeRows
from pilothouse.tui.display.why import open_question_of


def team(**parents: str | None) -> TreeRows:
    rows = TreeRows()
    rows.follow({name: agent(name, name, parent) for name, parent in parents.items()})
    return rows


def drawn(rows: TreeRows) -> list[str]:
    return [f"{row.guide}{row.agent_id}" + (f" +{row.hidden}" if row.hidden else "") for row in rows.rows]


def test_children_stand_below_their_parent_in_the_order_of_spawning() -> None:
    rows = team(a0=None, a1="a0", a2="a0", a3="a1", a4="a2", a5="a1")
    assert drawn(rows) == ["a0", "├▾a1", "│ ├─a3", "│ └─a5", "└▾a2", "  └─a4"]
    assert rows.in_order() == ["a0", "a1", "a3", "a5", "a2", "a4"]


def test_a_collapsed_row_says_for_how_many_it_stands() -> None:
    rows = team(a0=None, a1="a0", a2="a1", a3="a2")
    assert rows.toggle("a1", collapsed=True)
    assert drawn(rows) == ["a0", "└▸a1 +2"]
    assert rows.index_of("a3") == 1
    assert rows.reveal("a3")
    assert drawn(rows) == ["a0", "└▾a1", "  └▾a2", "    └─a3"]


def test_a_leaf_cannot_be_collapsed() -> None:
    rows = team(a0=None, a1="a0")
    assert not rows.toggle("a1", collapsed=True)


def test_the_shape_is_made_anew_only_when_agents_appear() -> None:
    agents = {"a0": agent("a0", "a0", None)}
    rows = TreeRows()
    assert rows.follow(agents)
    assert not rows.follow({"a0": agent("a0", "another title", None)})
    assert rows.follow({**agents, "a1": agent("a1", "a1")})


def test_an_agent_whose_parent_is_unknown_stands_at_the_top() -> None:
    assert drawn(team(a0=None, a7="a3")) == ["a0", "a7"]


def test_a_chain_of_thousands_is_no_recursion() -> None:
    parents: dict[str, str | None] = {"a0": None}
    parents.update({f"a{number}": f"a{number - 1}" for number in range(1, 3000)})
    assert len(team(**parents).rows) == 3000


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_row_fills_its_width_exactly(glyphs: GlyphSet, picture: Picture) -> None:
    rows = TreeRows(glyphs)
    rows.follow(picture.agents)
    names = max(name_width(row, picture.agents[row.agent_id]) for row in rows.rows)
    for width, row in product([*range(20, 130), 300, 500], rows.rows):
        question = open_question_of(picture, row.agent_id)
        columns = columns_for(width, names)
        line = row_line(row, picture.agents[row.agent_id], question, columns, NOW, glyphs)
        assert line_width(line) == width


def shown(tmp_path: Path, agent_id: str) -> str:
    picture = tell(tmp_path)
    rows = TreeRows()
    rows.follow(picture.agents)
    row = rows.rows[rows.index_of(agent_id) or 0]
    question = open_question_of(picture, agent_id)
    line = row_line(row, picture.agents[agent_id], question, columns_for(110, 24), NOW, UNICODE)
    return "".join(text for text, _role in line)


@pytest.mark.parametrize(
    ("agent_id", "parts"),
    [
        ("a0", ["◍ orchestrator", "waiting on 3 of 7 agents", "12s", ".41 /  1.83"]),
        ("a1", ["✓ a1 models", "verified User, Session", "2m"]),
        ("a2", ["◐ a2", "unverified three providers"]),
        ("a3", ["◆ a3 login", "asks: Which OAuth provider", "1m"]),
        ("a4", ["● a4 billing", "bash python -m unittest", ".29 /   .42"]),
        ("a7", ["‖ a7", "paused by you"]),
        ("a9", ["◌ a9", "queued needs a3, a4, a5"]),
    ],
)
def test_a_row_says_how_its_agent_is_doing(tmp_path: Path, agent_id: str, parts: list[str]) -> None:
    row = shown(tmp_path, agent_id)
    assert [part for part in parts if part not in row] == []


def test_each_state_has_a_glyph_and_a_word_of_its_own_in_both_sets() -> None:
    assert len({mark.glyph for mark in MARKS}) == len({mark.word for mark in MARKS}) == len(MARKS)
    assert len({mark.ascii for mark in MARKS}) == len(MARKS)


def test_every_status_has_a_mark() -> None:
    for status in Status:
        for verdict in (None, *Verdict):
            assert mark_of(agent("a1", "x", status=status, verdict=verdict, reason=Reason("r", "r")))


def test_a_pause_covers_the_status_and_an_end_covers_the_pause() -> None:
    assert mark_of(agent("a1", "x", status=Status.WAITING, paused=False, pause=Pause.PAUSING)).word == "pausing"
    assert mark_of(agent("a1", "x", status=Status.KILLED, paused=True, pause=Pause.PAUSED)).word == "killed"
