"""`w` says why an agent is not further, as an exact chain that ends where something has to happen."""

from pathlib import Path

import msgspec
import pytest

from fakes.story import NOW, agent, ago, tell
from pilothouse.core.status import Reason, Status
from pilothouse.tui.display.why import why


@pytest.mark.parametrize(
    ("agent_id", "chain"),
    [
        ("a3", "a3 ← blocked on q1 ← you, 1 min 42 s"),
        ("a9", "a9 ← needs a3, a4, a5 ← a3: blocked on q1 ← you, 1 min 42 s"),
        ("a5", "a5 ← on fixer a6 ← running: edit shop/routes.py, 4 s"),
        ("a7", "a7 ← paused ← p resumes it"),
        ("a1", "a1 ← verified: finished"),
        ("a4", "a4 ← running: bash python -m unittest tests.test_billing, 2 s"),
        ("a99", "a99 is not known"),
    ],
)
def test_the_chain_of_each_agent(tmp_path: Path, agent_id: str, chain: str) -> None:
    assert why(tell(tmp_path), agent_id, NOW) == chain


def test_one_need_leads_straight_to_what_blocks_it(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    picture.agents["a9"] = agent("a9", "front", status=Status.QUEUED, reason=Reason("needs", "needs a3", ("a3",)))
    assert why(picture, "a9", NOW) == "a9 ← needs a3 ← blocked on q1 ← you, 1 min 42 s"


def test_a_question_that_the_parent_holds_is_the_parents(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    picture.questions["q1"] = msgspec.structs.replace(picture.questions["q1"], holder="a0")
    picture.agents["a0"] = msgspec.structs.replace(picture.agents["a0"], reason=None, activity="thinking")
    assert why(picture, "a3", NOW) == "a3 ← blocked on q1 ← a0 is to answer, 1 min 42 s"


def test_a_wait_with_an_end_says_when(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    reason = Reason("rate", "rate limit", until=NOW + 12_000)
    picture.agents["a4"] = agent("a4", "billing", status=Status.WAITING, reason=reason)
    assert why(picture, "a4", NOW) == "a4 ← rate limit, 12 s left"


def test_agents_that_wait_for_each_other_end_the_chain(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    for one, other in (("a4", "a5"), ("a5", "a4")):
        reason = Reason("await", f"on {other}", (other,))
        picture.agents[one] = agent(one, one, status=Status.WAITING, reason=reason, since=ago(30))
    assert why(picture, "a4", NOW) == "a4 ← on a5 ← on a4 ← 30 s"
