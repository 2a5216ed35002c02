"""The views that the outside sees of a run, its agents and its questions: pure functions of the state."""

from __future__ import annotations

from .economics import busy_ms, speedup, wall_ms
from .ids import ORCHESTRATOR, AgentId
from .instructions import LandBranch, MergeWork, PrepareWorkspace, RunChecks, StartTool, StartTurn
from .money import ZERO, Tokens, usd
from .outcomes import CheckResult
from .standing import pause, standing
from .state import AgentRecord, EffectRecord, QuestionRecord, State
from .status import Pause, Reason
from .views import AgentView, CheckView, LandingView, QuestionView, RunResult, RunView

SHOWN = 3
"""Effects of one agent that its activity names."""


def role(record: AgentRecord) -> str:
    """The prompt that tells `record` how one in its place works."""
    if record.parent is None:
        return "orchestrator"
    if record.fixes is not None:
        return "fixer"
    return "writer" if record.spec.is_writer else "explorer"


def _activity(record: AgentRecord, why: Reason | None) -> str:
    """What `record` does right now, in a few words."""
    if record.end is not None:
        first = record.end.summary.strip().splitlines()
        return first[0] if first else record.end.reason.words
    if record.effects:
        return ", ".join(_describe(effect) for effect in list(record.effects.values())[:SHOWN])
    return why.words if why is not None else ""


def _describe(effect: EffectRecord) -> str:
    match effect.instruction:
        case StartTurn():
            return "thinks"
        case StartTool(brief=brief):
            return brief
        case PrepareWorkspace():
            return "prepares its workspace"
        case RunChecks(commands=commands, place=place):
            return f"checks the {place.value}: {commands[0]}" if commands else "checks"
        case MergeWork():
            return "merges"
        case LandBranch():
            return "lands"
        case _:
            return "looks for a quotation"


def agent_view(state: State, record: AgentRecord) -> AgentView:
    """`record` as the outside sees it."""
    end, checkout, claim = record.end, record.checkout, record.claim
    where, why = standing(state, record)
    return AgentView(
        id=record.id,
        title=record.spec.title,
        parent=record.parent,
        status=where,
        verdict=end.verdict if end else None,
        reason=why,
        paused=pause(record) is Pause.PAUSED,
        pause=pause(record),
        needs=record.spec.needs,
        cost_usd=usd(record.cost_usd),
        tokens=record.tokens,
        seconds=_running_ms(state, record) / 1000,
        turns=record.turns,
        attempts=record.attempts,
        depth=record.depth,
        children=tuple(record.children),
        fixes=record.fixes,
        activity=_activity(record, why),
        since=record.since,
        spawned_at=record.spawned_at,
        ended_at=end.at if end else None,
        subtree_cost_usd=usd(record.subtree_usd),
        model=record.model,
        workspace=record.spec.workspace.value,
        path=checkout.path if checkout else None,
        branch=checkout.branch if checkout else None,
        spec=record.spec,
        checks=check_views(record.checks or ()),
        summary=end.summary if end else (claim.outcome if claim else ""),
        evidence=claim.evidence if claim else "",
    )


def _running_ms(state: State, record: AgentRecord) -> int:
    extra = state.at - record.running_since if record.running_since is not None else 0
    return record.running_ms + extra


def check_views(results: tuple[CheckResult, ...]) -> tuple[CheckView, ...]:
    """The commands of a validation as the outside sees them."""
    return tuple(CheckView(r.command, r.passed, r.exit_code, r.ms / 1000, r.tail) for r in results)


def question_view(state: State, question: QuestionRecord) -> QuestionView:
    """`question` as the outside sees it."""
    askers = tuple(dict.fromkeys(asker for asker, _ in question.askers))
    by = question.answered_by or ("user" if question.answer is not None else None)
    return QuestionView(
        id=question.id,
        kind=question.kind.value,
        agents=askers,
        text=question.text,
        options=question.options,
        why=question.why,
        default=question.default,
        holder=question.holder,
        passed_by=question.passed_by,
        holds=_held_by(state, askers) if question.is_open else (),
        asked_at=question.asked_at,
        answer="(no longer asked)" if question.dropped else question.answer,
        answered_by=by,
        cite=question.cite,
        answered_at=question.answered_at,
    )


def _held_by(state: State, askers: tuple[AgentId, ...]) -> tuple[str, ...]:
    """The agents that cannot start before `askers` are done, directly or through others, in order of spawning."""
    held: dict[AgentId, None] = {}
    for record in state.live.values():
        if record.checkout is None and any(need in held or need in askers for need in record.spec.needs):
            held[record.id] = None
    return tuple(held)


def run_status(state: State) -> str:
    """`running`, `blocked`, `paused`, or how the run ended."""
    if state.end is not None:
        return state.end.status.value
    if state.stalled_since is None:
        return "running"
    if not state.open_questions or all(record.paused for record in state.live.values()):
        return "paused"
    return "blocked"


def run_view(state: State) -> RunView:
    """The run as the outside sees it."""
    started = state.started
    root = state.agents.get(ORCHESTRATOR)
    landing = state.landing
    tokens = sum((record.tokens for record in state.agents.values()), Tokens())
    return RunView(
        run=started.run_id,
        goal=started.goal,
        status=run_status(state),
        verdict=state.end.verdict if state.end else None,
        reason=state.end.reason if state.end else None,
        cost_usd=usd(root.subtree_usd if root else ZERO),
        tokens=tokens,
        wall_seconds=wall_ms(state) / 1000,
        busy_seconds=busy_ms(state) / 1000,
        speedup=speedup(state),
        merges=tuple(state.merges),
        refusals=tuple(state.refusals),
        branch=f"pilothouse/{started.run_id}/run",
        base=started.base,
        base_branch=started.base_branch,
        tip=state.tip,
        project=started.project,
        model=started.model,
        rehearsal=started.rehearsal,
        sandbox=started.sandbox,
        max_cost_usd=usd(state.max_cost_usd),
        max_running=started.limits.max_running,
        max_agents=started.limits.max_agents,
        running=state.running,
        spawned=len(state.agents),
        started_at=state.started_at,
        ended_at=state.ended_at,
        at=state.at,
        landing=LandingView(landing[0].branch, landing[0].commit, landing[0].before, landing[1]) if landing else None,
        landing_refused=state.landing_refused,
        checks=check_views(root.checks or ()) if root else (),
    )


def run_result(state: State) -> RunResult:
    """Everything."""
    return RunResult(
        run_view(state),
        tuple(agent_view(state, record) for record in state.agents.values()),
        tuple(question_view(state, question) for question in state.questions.values()),
    )
