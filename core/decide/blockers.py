"""The blocker protocol: one mitigation, then a question to the user with what was tried. Never a second silent try."""

from __future__ import annotations

import re
from decimal import Decimal

from ..escrow import PriceUnknown, Shortfall, reserve
from ..events import (
    AgentSpawned,
    BaseAccepted,
    BlockerCause,
    BlockerFound,
    BlockerLifted,
    BudgetRaised,
    FinishClaimed,
    GivenUp,
    PriceLearned,
    QuestionJoined,
    QuestionKind,
    StopRequested,
    TryGranted,
)
from ..ids import agent_id
from ..money import DEAREST, Price, usd
from ..outcomes import CheckResult
from ..spec import Spec, WorkspaceKind
from ..state import AgentRecord, QuestionRecord, State
from ..status import Reason, Status, Verdict
from .decision import Decision

RETRY, GIVE_UP, GO_ON, STOP = "retry", "give up", "go on", "stop"
FINISH_NOW = "finish with what there is"
COUNT_AS_DEAREST = "count it as the dearest known model"


def fail(d: Decision, record: AgentRecord, words: str) -> None:
    """`record` cannot reach its outcome, says the engine."""
    d.emit(FinishClaimed(record.id, words, failed=True))


def found(d: Decision, record: AgentRecord, cause: BlockerCause, evidence: str) -> None:
    """Something stands in the way of `record`'s work."""
    d.emit(BlockerFound(record.id, cause, evidence))


def deal_with(d: Decision, record: AgentRecord) -> bool:
    """Take the next step about `record`'s blocker; whether there was one to take."""
    assert record.blocker is not None
    fixer = d.state.agents[record.fixer] if record.fixer is not None else None
    if fixer is None:
        if _may_mitigate(d, record):
            _spawn_fixer(d, record)
            return True
    elif fixer.is_live:
        return False
    elif fixer.end is not None and fixer.end.status is Status.SUCCEEDED and fixer.end.verdict is not Verdict.EMPTY:
        d.emit(BlockerLifted(record.id, fixer.id))
        return True
    if record.question is None:
        _ask_user(d, record)
        return True
    return False


def _may_mitigate(d: Decision, record: AgentRecord) -> bool:
    assert record.blocker is not None
    return record.blocker.key not in record.tried and len(d.state.agents) < d.state.started.limits.max_agents


def _spawn_fixer(d: Decision, record: AgentRecord) -> None:
    """A fixer works below the agent it fixes, past the depth limit but within the number of agents."""
    assert record.blocker is not None
    spec, blocker = record.spec, record.blocker
    what = {
        BlockerCause.VALIDATION: "Its validation failed. Find the cause and mend it; do not weaken the checks.",
        BlockerCause.CONFLICT: (
            "Its work conflicts with what others have merged. The other side is merged into the workspace with "
            "conflicts marked in the files: resolve them so that both intentions hold, and leave no marker."
        ),
        BlockerCause.FAILURE: "It did not reach its outcome. Go on from what it left.",
    }[blocker.cause]
    context = [what, "", "Evidence:", blocker.evidence]
    if record.advice:
        context += ["", f"The user says: {record.advice}"]
    if spec.context:
        context += ["", "What the first agent was told:", spec.context]
    kind = spec.workspace if record.parent is not None else WorkspaceKind.CLONE
    fixer = Spec(
        title=f"fix {spec.title}"[:60],
        outcome=spec.outcome,
        acceptance=spec.acceptance,
        context="\n".join(context),
        paths=spec.paths,
        model=spec.model,
        workspace=kind,
        tools=spec.tools,
    )
    name = agent_id(len(d.state.agents))
    d.emit(AgentSpawned(agent_id=name, parent=record.id, depth=record.depth + 1, spec=fixer, fixes=record.id))


def _ask_user(d: Decision, record: AgentRecord) -> None:
    assert record.blocker is not None
    fixers = [d.state.agents[child] for child in record.children if d.state.agents[child].fixes == record.id]
    cause, evidence = record.blocker.cause, record.blocker.evidence
    named = {
        BlockerCause.VALIDATION: "its checks fail",
        BlockerCause.CONFLICT: "its work conflicts with what others merged",
        BlockerCause.FAILURE: "it did not reach its outcome",
    }[cause]
    tried = [f'Tried: {f.id} "{f.spec.title}": {f.end.summary or f.end.reason.words}' for f in fixers if f.end]
    if record.blocker.key not in record.tried:
        tried.append("No fixer could be started: the run has all the agents it may have.")
    text = f"{record.id} {record.spec.title}: {named}. Try again, or give up?"
    why = "\n".join([*tried, "", evidence])
    d.ask(record, QuestionKind.BLOCKER, text, (RETRY, GIVE_UP), why=why)


def ask_about_outage(d: Decision, record: AgentRecord, message: str) -> None:
    """No fixer helps where the model itself cannot be reached: ask the user."""
    text = f"The model cannot be reached ({message}). Try again, or give up?"
    _join_or_ask(d, record, QuestionKind.BLOCKER, text, (RETRY, GIVE_UP), "")


def ask_about_money(d: Decision, record: AgentRecord, short: Shortfall | PriceUnknown) -> None:
    """The money does not reach, or nobody knows whether it does: ask the user."""
    if isinstance(short, PriceUnknown):
        text = f"No price is known for the model {short.model}. What should a million of its tokens be counted as?"
        options: tuple[str, ...] = (COUNT_AS_DEAREST, STOP) if DEAREST in d.state.prices else ("$100", STOP)
        _join_or_ask(d, record, QuestionKind.BUDGET, text, options, "Nothing is ever counted as free.")
        return
    whose = f"{short.scope}'s budget" if short.scope else "the run's budget"
    text = (
        f"The next call does not fit {whose} of ${usd(short.limit_usd)}: raise it, finish with what there is, or stop?"
    )
    why = f"${_short(short.spent_usd)} spent; the next call may cost up to ${_short(short.needed_usd)}."
    options = (f"raise to ${usd(short.limit_usd * 2)}", FINISH_NOW, STOP)
    _join_or_ask(d, record, QuestionKind.BUDGET, text, options, why)


def _short(amount: Decimal) -> str:
    return usd(amount.quantize(Decimal("0.0001")))


def _join_or_ask(
    d: Decision, record: AgentRecord, kind: QuestionKind, text: str, options: tuple[str, ...], why: str
) -> None:
    for question in d.state.questions.values():
        if question.is_with_user and question.kind is kind and question.text == text:
            d.emit(QuestionJoined(question.id, record.id))
            return
    d.ask(record, kind, text, options, why=why)


def ask_about_base(d: Decision, record: AgentRecord, failed: CheckResult) -> None:
    """The validation fails before anybody has changed anything: ask before money is spent."""
    text = f"The validation already fails on the untouched base ({failed.command}). Go on, or stop?"
    d.ask(record, QuestionKind.START, text, (GO_ON, STOP), why=failed.tail)


def not_understood(state: State, question: QuestionRecord, text: str) -> str | None:
    """Why `text` does not answer the engine's own question, or None: nothing is stopped or raised on a guess."""
    word = text.casefold()
    match question.kind:
        case QuestionKind.START if word not in (GO_ON, STOP):
            return f"answer {question.id} with `{GO_ON}` or `{STOP}`"
        case QuestionKind.BUDGET if word not in (COUNT_AS_DEAREST, FINISH_NOW, STOP) and _amount(text) is None:
            return f"answer {question.id} with an amount in dollars, or with one of: {', '.join(question.options)}"
        case _:
            return None


def answered(d: Decision, record: AgentRecord, question: QuestionRecord, text: str) -> None:
    """Do what the user's answer to the engine's own question about `record` says."""
    word = text.casefold()
    match question.kind:
        case QuestionKind.BLOCKER if word.startswith(GIVE_UP):
            give_up(d, record, Reason("given_up", "given up by you"))
        case QuestionKind.BLOCKER:
            d.emit(TryGranted(record.id, "" if word == RETRY else text))
        case QuestionKind.START if word == GO_ON:
            d.emit(BaseAccepted())
        case QuestionKind.START:
            d.emit(StopRequested(record.id))
        case QuestionKind.BUDGET:
            _answered_budget(d, record, word)
        case QuestionKind.QUESTION:
            raise AssertionError("an agent's question has a call")


def _answered_budget(d: Decision, record: AgentRecord, word: str) -> None:
    """Raise, finish or stop. Of several agents that ask the same, the first one's raise may already be enough."""
    fit, amount = reserve(d.state, record), _amount(word)
    if word == STOP:
        give_up(d, record, Reason("budget", "the budget was used up"))
    elif word == FINISH_NOW:
        outcome = record.last_text or "ended at its budget"
        d.emit(FinishClaimed(record.id, outcome, evidence="ended early: the budget was used up"))
    elif isinstance(fit, PriceUnknown):
        price = d.state.prices.get(DEAREST) if amount is None else Price(amount, amount, amount, amount)
        if price is not None:
            d.emit(PriceLearned(fit.model, price))
    elif isinstance(fit, Shortfall) and amount is not None:
        d.emit(BudgetRaised(fit.scope, max(amount, fit.limit_usd)))


def _amount(text: str) -> Decimal | None:
    found = re.search(r"\d+(?:\.\d+)?", text)
    return Decimal(found[0]) if found is not None else None


def give_up(d: Decision, record: AgentRecord, reason: Reason) -> None:
    """Let `record` fail, whatever it has in flight."""
    d.emit(GivenUp(record.id, reason))
    d.cancel_effects(record)
