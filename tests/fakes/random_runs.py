"""Runs nobody would write by hand: random teams, faults, conflicts, questions, limits and a restless user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from hypothesis import strategies as st

from pilothouse.core import commands as c
from pilothouse.core.events import QuestionKind
from pilothouse.core.ids import AgentId
from pilothouse.core.inputs import MachineRead
from pilothouse.core.limits import Limits
from pilothouse.core.outcomes import ModelErrorKind, StopReason
from pilothouse.core.spec import Spec
from pilothouse.core.state import QuestionRecord

from .world import (
    Action,
    Fault,
    Reply,
    Script,
    Seen,
    Use,
    World,
    answer,
    ask,
    asked,
    await_agents,
    escalate,
    fail,
    finish,
    message,
    order,
    spawn,
    started,
)

GOAL = "Use GitHub for the sign-in"
PLACES = ("app#a", "app#b", "app#c")
ENDINGS = ("finish", "finish", "finish", "silence", "empty", "fail", "refusal", "cut")
CHECKS = ("It works.", "It works.", "$ true", "$ sound", "$ false")
REACTIONS = ("escalate", "ignore", "cite the goal", "cite a file", "cite nothing", "invent", "look")
PLENTY, NOTHING = MachineRead(2**40, 0.1), MachineRead(1, 0.1)


@dataclass(frozen=True, slots=True)
class Member:
    """One agent of a random team."""

    title: str
    needs: tuple[str, ...]
    writes: tuple[tuple[str, str], ...]
    reads: bool
    asks: str | None
    ending: str
    check: str
    children: tuple[Member, ...]
    waits: bool
    budget: str | None
    model: str | None

    def spec(self) -> Spec:
        """Its order."""
        return order(self.title, self.check, needs=self.needs, reads=self.reads, budget=self.budget, model=self.model)


@dataclass(frozen=True, slots=True)
class Team:
    """A whole random run."""

    members: tuple[Member, ...]
    reaction: str
    mends: bool
    waits: bool
    faults: int
    """How many of a hundred calls fail."""
    seed: int
    limits: Limits
    validation: tuple[str, ...]
    answers: int
    """How many of a hundred questions the user answers without being pressed."""
    actions: tuple[Action, ...]
    greedy: bool
    """Whether every call costs as much as it may."""


def members(depth: int, prefix: str) -> st.SearchStrategy[tuple[Member, ...]]:
    """Some agents that may need each other, with children down to `depth`."""

    @st.composite
    def draw_members(draw: st.DrawFn) -> tuple[Member, ...]:
        found: list[Member] = []
        for number in range(draw(st.integers(0 if depth < 1 else 1, 4 if depth else 2))):
            title = f"{prefix}{number}"
            earlier = [member.title for member in found]
            reads = draw(st.integers(0, 4)) == 0
            words = st.tuples(st.sampled_from(PLACES), st.sampled_from((title, title, "broken")))
            found.append(
                Member(
                    title=title,
                    needs=tuple(draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True))) if earlier else (),
                    writes=() if reads else tuple(draw(st.lists(words, max_size=2))),
                    reads=reads,
                    asks=draw(st.sampled_from((None, None, "Which one?", "Why so?"))),
                    ending=draw(st.sampled_from(ENDINGS)),
                    check=draw(st.sampled_from(CHECKS)),
                    children=draw(members(depth - 1, f"{title}.")) if depth else (),
                    waits=draw(st.booleans()),
                    budget=draw(st.sampled_from((None, None, None, "0.2", "0.05"))),
                    model=draw(st.sampled_from((None, None, None, "strange-model"))),
                )
            )
        return tuple(found)

    return draw_members()


def commands() -> st.SearchStrategy[c.AnyCommand | MachineRead]:
    """What a restless user, and a busy machine, do meanwhile."""
    who = st.sampled_from(["a0", "a1", "a1", "a2", "a2", "a3", "a4", "a5"]).map(AgentId)
    below = st.one_of(st.none(), who)
    return st.one_of(
        st.builds(c.PauseAgent, below),
        st.builds(c.ResumeAgent, below),
        st.builds(c.KillAgent, who.filter(lambda name: name != "a0")),
        st.builds(c.StopAgent, who.filter(lambda name: name != "a0")),
        st.builds(c.MessageAgent, who, st.just("hurry up")),
        st.builds(c.RetryAgent, who),
        st.just(c.LandRun()),
        st.sampled_from((NOTHING, PLENTY)),
    )


def teams() -> st.SearchStrategy[Team]:
    """Random runs."""
    return st.builds(
        Team,
        members=members(1, "t"),
        reaction=st.sampled_from(REACTIONS),
        mends=st.booleans(),
        waits=st.booleans(),
        faults=st.sampled_from((0, 0, 10, 40)),
        seed=st.integers(0, 2**16),
        limits=st.builds(
            Limits,
            max_running=st.integers(1, 4),
            max_agents=st.sampled_from((4, 8, 32)),
            max_cost_usd=st.sampled_from((Decimal(5), Decimal("0.5"), Decimal("0.12"))),
            agent_ms=st.sampled_from((900_000, 10_000)),
            run_ms=st.sampled_from((7_200_000, 7_200_000, 120_000)),
        ),
        validation=st.sampled_from(((), ("sound",), ("false",))),
        answers=st.sampled_from((0, 50, 100)),
        actions=st.lists(st.builds(Action, st.integers(0, 60_000), commands()), max_size=6).map(tuple),
        greedy=st.booleans(),
    )


def chance(seed: int, *words: object) -> int:
    """A number below 100 that depends on nothing but its arguments."""
    return int.from_bytes(blake2b(repr((seed, words)).encode(), digest_size=4).digest()) % 100


def random_world(team: Team, *, early: bool = False) -> World:
    """The world of `team`, ready to be played."""

    def durations(title: str, kind: str, number: int) -> int:
        return 10 + chance(team.seed, "lasts", title, kind, number) ** 2

    def faults(title: str, turn: int, attempt: int) -> Fault | None:
        if chance(team.seed, "fails", title, turn, attempt) >= team.faults:
            return None
        kinds = list(ModelErrorKind)
        kind = kinds[chance(team.seed, "kind", title, turn, attempt) % len(kinds)]
        return Fault(kind, 3_600_000 if kind.parks_all and attempt == 2 else None)

    def answers(question: QuestionRecord) -> tuple[int, str] | None:
        if chance(team.seed, "answers", question.id) >= team.answers:
            return None
        words = (*question.options, "7") if question.kind is QuestionKind.BUDGET else (*question.options, "do it")
        pick = words[chance(team.seed, "words", question.id) % len(words)]
        return chance(team.seed, "after", question.id) * 300, pick

    return World(
        scripts=_Scripts(team),
        files={name: "as it was" for name in PLACES},
        start=started(GOAL, validation=team.validation, limits=team.limits, land=True),
        answers=answers,
        actions=team.actions,
        durations=durations,
        faults=faults,
        prices={"strange-model": None},
        early=early,
        thirst=1.0 if team.greedy else 0.3,
        output_tokens=1_000_000 if team.greedy else 0,
    )


class _Scripts(dict[str, Script]):
    """Scripts for the team, and for whoever is spawned to fix one of it."""

    def __init__(self, team: Team) -> None:
        super().__init__()
        self._team = team
        self["orchestrator"] = _lead(team.members, team.reaction, team.waits, lambda seen: Reply("All", (finish(),)))
        self._add(team.members)

    def _add(self, found: tuple[Member, ...]) -> None:
        for member in found:
            self[member.title] = _member(self._team, member)
            self._add(member.children)

    def __missing__(self, title: str) -> Script:
        places = {place for member in _everybody(self._team.members) for place, _ in member.writes}
        mended = {place: "mended" for place in places}
        use = Use("write", "mend", mended) if self._team.mends else Use("bash", "look")

        def fixer(seen: Seen) -> Reply:
            return Reply("Mending", (use,)) if not seen.turns - seen.unknown else Reply("Done", (finish("mended"),))

        return fixer


def _everybody(found: tuple[Member, ...]) -> list[Member]:
    return [each for member in found for each in (member, *_everybody(member.children))]


def _lead(team: tuple[Member, ...], reaction: str, waits: bool, then: Script) -> Script:
    """Spawn a team, hear its questions, wait for it one way or another, then go on with `then`."""

    def script(seen: Seen) -> Reply:
        if not seen.turns:
            return Reply("Go", tuple(spawn(member.spec()) for member in team))
        if names := asked(seen.last):
            return _react(names[0], reaction)
        over = re.search(r"^(\d+) of \1 have ended|nobody to wait for", "\n".join(seen.texts), re.MULTILINE)
        if over and "have not ended" not in seen.last:
            return then(seen)
        if not waits and seen.turns < 3:
            return Reply("I listen.")
        return Reply("I wait.", (await_agents(timeout_ms=60_000 if reaction == "look" else None),))

    return script


def _react(question: str, reaction: str) -> Reply:
    match reaction:
        case "escalate":
            return Reply("Not mine.", (escalate(question),))
        case "cite the goal":
            return Reply("It says so.", (answer(question, "GitHub", cite="Use GitHub"),))
        case "cite a file":
            return Reply("It stands there.", (answer(question, "as it was", cite="as it was"),))
        case "cite nothing":
            return Reply("I think so.", (answer(question, "GitHub"),))
        case "invent":
            return Reply("I am sure.", (answer(question, "Google", cite="Use Google"),))
        case "look":
            return Reply("I look.", (Use("grep", PLACES[0]), message("a1", "wait a moment")))
        case _:
            return Reply("Hm.", (await_agents(),))


def _member(team: Team, member: Member) -> Script:
    work: list[Reply] = []
    if member.asks is not None:
        work.append(Reply("A question", (ask(member.asks, "this", "that"), Use("read", PLACES[1]))))
    work += [Reply("Writing", (Use("write", place, {place: words}),)) for place, words in member.writes]
    work.append(Reply("Looking", (Use("read", PLACES[0]), Use("glob", PLACES[1]))))

    def own(seen: Seen) -> Reply:
        step = seen.turns - seen.unknown - (1 if member.children else 0)
        return work[step] if 0 <= step < len(work) else _end(member)

    if not member.children:
        return own

    def with_children(seen: Seen) -> Reply:
        lead = _lead(member.children, team.reaction, member.waits, own)
        return own(seen) if 0 < seen.turns <= len(work) and not asked(seen.last) else lead(seen)

    return with_children


def _end(member: Member) -> Reply:
    match member.ending:
        case "fail":
            return Reply("No.", (fail(),))
        case "refusal":
            return Reply("I will not.", stop=StopReason.REFUSAL)
        case "empty":
            return Reply("", (finish(""),))
        case "silence":
            return Reply("")
        case "cut":
            return Reply("On and on", (finish("long"),), output_tokens=20_000)
        case _:
            return Reply("Done.", (finish(f"{member.title} is done"),))


def settle(world: World) -> None:
    """Press the user until the run has ended: go on, answer everything, make room."""
    for patience in range(200):
        world.play()
        state = world.state
        if state.end is not None and not state.effects:
            return
        if state.shortage is not None:
            world.submit(PLENTY, 1_000)
        if state.paused:
            world.submit(c.ResumeAgent(), 1_000)
        for question in [q for q in state.questions.values() if q.is_with_user]:
            if question.is_with_user:
                world.submit(c.AnswerQuestion(question.id, _last_word(question, patience)), 1_000)
    raise AssertionError(f"the run does not end: {world.result.run.status}")


def _last_word(question: QuestionRecord, patience: int) -> str:
    match question.kind:
        case QuestionKind.BUDGET:
            return question.options[0] if patience < 5 else "stop"
        case QuestionKind.BLOCKER:
            return "retry" if patience < 2 else "give up"
        case QuestionKind.START:
            return "go on"
        case QuestionKind.QUESTION:
            return "as you like"
