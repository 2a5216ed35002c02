"""What the records mean: status, reason, activity, and the views that the outside sees. Pure functions of the state."""

from __future__ import annotations

from .economics import busy_ms, speedup, wall_ms
from .escrow import PriceUnknown, Shortfall, reserve
from .ids import ORCHESTRATOR, AgentId
from .instructions import LandBranch, MergeWork, PrepareWorkspace, RunChecks, StartTool, StartTurn
from .money import ZERO, Tokens, usd
from .needs import unmet
from .outcomes import CheckResult
from .state import AgentRecord, EffectRecord, QuestionRecord, State
from .status import Pause, Reason, Status
from .views import AgentView, CheckView, LandingView, QuestionView, RunResult, RunView


def role(record: AgentRecord) -> str:
    """The prompt that tells `record` how one in its place works."""
    if record.parent is None:
        return "orchestrator"
    if record.fixes is not None:
        return "fixer"
    return "writer" if record.spec.is_writer else "explorer"


def status(state: State, record: AgentRecord) -> Status:
    """Where `record` stands."""
    if record.end is not None:
        return record.end.status
    if record.kill is not None or record.stop is not None:
        return Status.STOPPING
    if record.effects:
        starting = any(isinstance(effect.instruction, PrepareWorkspace) for effect in record.effects.values())
        return Status.STARTING if starting else Status.RUNNING
    if _person_needed(state, record) is not None:
        return Status.BLOCKED
    if record.asking or record.waiting is not None or record.fixer is not None or is_idle(state, record):
        return Status.WAITING
    if _parked_until(state, record) is not None:
        return Status.WAITING
    return Status.QUEUED


def paused(record: AgentRecord) -> Pause:
    """The flag beside the status."""
    if not record.paused or record.end is not None:
        return Pause.NONE
    return Pause.PAUSING if record.effects else Pause.PAUSED


def wants_turn(record: AgentRecord) -> bool:
    """Whether the model has something to answer: the order, results, or words it has not read."""
    if record.calls or record.claim is not None or record.blocker is not None:
        return False
    return bool(not record.turns or record.inbox or len(record.conversation) > record.context_spans)


def next_due(state: State, at: int) -> int | None:
    """When something is due of an agent by itself after `at`: a retry, a deadline, the end of its running time."""
    due: list[int] = []
    for record in state.live.values():
        if record.is_ending:
            continue
        if record.running_since is not None and record.parent is not None and record.claim is None:
            due.append(record.running_since + state.started.limits.agent_ms - record.running_ms)
        if record.effects or record.paused:
            continue
        if record.waiting is not None and record.waiting.deadline is not None:
            due.append(record.waiting.deadline)
        until = _parked_until(state, record)
        if until is not None and until > at and record.question is None:
            due.append(until)
    return min(due, default=None)


def waits_for_person(state: State, at: int) -> bool:
    """Whether nothing goes on by itself, now that no effect is open, and a person can change that."""
    if state.end is not None or not (state.open_questions or state.paused) or next_due(state, at) is not None:
        return False
    return state.shortage is None or not any(is_ready_to_start(state, record) for record in state.live.values())


def is_ready_to_start(state: State, record: AgentRecord) -> bool:
    """Whether a new agent lacks nothing but room on the machine and a slot."""
    is_new = record.checkout is None and record.parent is not None and not record.effects
    return is_new and not is_held(record) and not unmet(state, record)


def is_held(record: AgentRecord) -> bool:
    """Whether a person, a blocker or its coming end keeps it from doing anything more."""
    return record.is_ending or record.paused or record.blocker is not None or record.question is not None


def is_idle(state: State, record: AgentRecord) -> bool:
    """Whether it has ended its turn and waits for news of its children."""
    if record.checkout is None or record.calls or record.claim is not None or wants_turn(record):
        return False
    return record.blocker is None and any(state.agents[child].is_live for child in record.children)


def reason(state: State, record: AgentRecord) -> Reason | None:
    """Why `record` is not running; None while it runs."""
    if record.end is not None:
        return record.end.reason
    if record.kill is not None or record.stop is not None:
        by = record.kill or record.stop
        return Reason("stopping", f"stopped by {'you' if by == 'user' else by}")
    if record.effects:
        return None
    question = _person_needed(state, record)
    if question is not None:
        return Reason(question.kind.value, f"asks {question.id}: {question.text}", (question.id,))
    if record.asking:
        held = state.questions[next(iter(record.asking.values()))]
        return Reason("asks", f"asks {held.holder}: {held.text}", (held.id, held.holder or ""))
    if record.waiting is not None:
        ids = tuple(a for a in record.waiting.agent_ids if state.agents[a].is_live)
        ended = len(record.waiting.agent_ids) - len(ids)
        words = f"waits for {', '.join(ids)}" if len(ids) <= 3 else f"waits for {len(ids)} agents"
        if ended:
            words += f" ({ended} of {len(record.waiting.agent_ids)} done)"
        return Reason("await", words, ids, record.waiting.deadline)
    if record.fixer is not None:
        cause = record.blocker.cause.value if record.blocker is not None else "work"
        return Reason("fixer", f"{record.fixer} fixes its {cause}", (record.fixer,))
    if record.checkout is None:
        return _not_started(state, record)
    if is_idle(state, record):
        live = tuple(child for child in record.children if state.agents[child].is_live)
        return Reason("children", f"hears from {', '.join(live)}", live)
    until = _parked_until(state, record)
    if until is not None:
        code = record.retry_code if record.retry_at == until else state.gate_code
        return Reason(code, f"{code.replace('_', ' ')}, tries again", until=until)
    return _no_slot(state, record)


def _not_started(state: State, record: AgentRecord) -> Reason:
    needs = unmet(state, record)
    if needs:
        return Reason("needs", f"needs {', '.join(needs)}", needs)
    if state.shortage is not None:
        return Reason("machine", state.shortage)
    return _slots(state)


def _no_slot(state: State, record: AgentRecord) -> Reason:
    if state.running < state.started.limits.max_running and wants_turn(record):
        fit = reserve(state, record)
        if isinstance(fit, Shortfall):
            return Reason("budget", f"${usd(fit.limit_usd)} is set aside for calls in flight", (fit.scope or "run",))
        if isinstance(fit, PriceUnknown):
            return Reason("price", f"no price is known for {fit.model}")
    if record.claim is not None and any(isinstance(e.instruction, MergeWork) for e in state.effects.values()):
        return Reason("merge", "another merge is under way")
    return _slots(state)


def _slots(state: State) -> Reason:
    return Reason("slots", f"slots {state.running}/{state.started.limits.max_running}")


def _parked_until(state: State, record: AgentRecord) -> int | None:
    """Until when its next call has to wait for the rate gate or its own retry."""
    if record.checkout is None or not wants_turn(record):
        return None
    until = max(record.retry_at or 0, state.gate_until or 0)
    return until if until > state.at else None


def _person_needed(state: State, record: AgentRecord) -> QuestionRecord | None:
    """The question of `record` that is with the user, if nothing else of it goes on."""
    names = [*record.asking.values()] + ([record.question] if record.question else [])
    for name in names:
        if state.questions[name].is_with_user:
            return state.questions[name]
    return None


def activity(state: State, record: AgentRecord) -> str:
    """What `record` does right now, in a few words."""
    if record.end is not None:
        first = record.end.summary.strip().splitlines()
        return first[0] if first else record.end.reason.words
    if record.effects:
        return ", ".join(_describe(effect) for effect in list(record.effects.values())[:3])
    why = reason(state, record)
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
    return AgentView(
        id=record.id,
        title=record.spec.title,
        parent=record.parent,
        status=status(state, record),
        verdict=end.verdict if end else None,
        reason=reason(state, record),
        paused=paused(record),
        needs=record.spec.needs,
        cost_usd=usd(record.cost_usd),
        tokens=record.tokens,
        seconds=_running_ms(state, record) / 1000,
        turns=record.turns,
        attempts=record.attempts,
        depth=record.depth,
        children=tuple(record.children),
        fixes=record.fixes,
        activity=activity(state, record),
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
