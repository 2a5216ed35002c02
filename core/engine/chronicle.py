"""What a person reads of the kernel's decisions: each event as lines in the log of the agent it is about."""

from __future__ import annotations

from collections.abc import Iterator

from .. import events as e
from ..ids import ORCHESTRATOR, AgentId, EffectId
from ..instructions import MergeWork, PrepareWorkspace, RunChecks
from ..money import usd
from ..outcomes import Conflicted, EffectFailed, Landed, Merged, TurnFailed, WorkspaceFailed
from ..ports import Log
from ..state import State


class Chronicle:
    """Writes the log lines of durable events."""

    def __init__(self, state: State, log: Log) -> None:
        self._state = state
        self._log = log
        self._owner: dict[EffectId, AgentId] = {}

    def decided(self, events: list[e.AnyEvent]) -> None:
        """These events are durable."""
        for event in events:
            for agent_id, kind, text in self._lines(event):
                self._log.write(agent_id, kind, text)

    def _lines(self, event: e.AnyEvent) -> Iterator[tuple[AgentId, str, str]]:
        match event:
            case e.RunStarted():
                yield ORCHESTRATOR, "told", event.goal
            case e.AgentSpawned(agent_id=name, parent=parent, spec=spec):
                if parent is not None:
                    yield name, "note", f"spawned by {parent}: {spec.outcome}"
                    yield parent, "note", f'spawned {name} "{spec.title}"'
            case e.SpawnRefused(parent=parent, title=title, words=words):
                yield parent, "note", f'refused to spawn "{title}": {words}'
            case e.AgentTold(agent_id=name, text=text, voice=voice):
                yield name, "told" if voice is e.Voice.USER else "note", text
            case e.CallAnswered(agent_id=name, text=text, is_error=is_error):
                yield name, "error" if is_error else "result", text
            case e.QuestionAsked(agent_id=name, question_id=question, text=text, options=options):
                yield name, "ask", f"{question}: {text}" + (f" ({' / '.join(options)})" if options else "")
            case e.QuestionPassedUp(question_id=question, by=by):
                yield by, "note", f"{question} goes to the user"
            case e.QuestionAnswered(question_id=question, text=text, by=by):
                for asker, _ in self._state.questions[question].askers:
                    yield asker, "answer", f"{question}: {text} (by {by or 'the user'})"
            case e.EffectClosed():
                yield from self._closed(event)
            case _:
                yield from self._control(event)

    def _closed(self, event: e.EffectClosed) -> Iterator[tuple[AgentId, str, str]]:
        agent_id = self._owner.pop(event.effect_id, ORCHESTRATOR)
        match event.outcome:
            case TurnFailed(error=error, message=message):
                yield agent_id, "error", f"{error.value.replace('_', ' ')}: {message}"
            case Merged(commit=commit, files=files, insertions=plus, deletions=minus) if commit is not None:
                yield agent_id, "note", f"merged {commit[:10]}: {files} files, +{plus} -{minus}"
            case Conflicted(paths=paths):
                yield agent_id, "error", f"conflicts in {', '.join(paths)}"
            case Landed(branch=branch, commit=commit):
                yield agent_id, "note", f"landed {commit[:10]} in {branch}"
            case WorkspaceFailed(message=message) | EffectFailed(message=message):
                yield agent_id, "error", message
            case _:
                pass

    def _control(self, event: e.AnyEvent) -> Iterator[tuple[AgentId, str, str]]:
        match event:
            case e.EffectOpened(effect_id=effect, agent_id=name, instruction=instruction):
                if name is not None:
                    self._owner[effect] = name
                    if isinstance(instruction, PrepareWorkspace | RunChecks | MergeWork):
                        yield name, "note", _OPENED[type(instruction)]
            case e.AgentPaused(agent_id=name, by=by):
                yield name, "note", f"paused by {by or 'the user'}"
            case e.AgentResumed(agent_id=name, by=by):
                yield name, "note", f"resumed by {by or 'the user'}"
            case e.StopRequested(agent_id=name, by=by):
                yield name, "note", f"stopped by {by or 'the user'}"
            case e.KillRequested(agent_id=name, by=by):
                yield name, "note", f"killed by {by or 'the user'}"
            case e.FinishClaimed(agent_id=name, outcome=outcome, failed=failed):
                yield name, "error" if failed else "say", outcome
            case e.BlockerFound(agent_id=name, cause=cause, evidence=evidence):
                yield name, "error", f"blocked by its {cause.value}\n{evidence}"
            case e.BlockerLifted(agent_id=name, fixer=fixer):
                yield name, "note", f"fixed by {fixer}"
            case e.AgentEnded(agent_id=name, status=status, reason=reason, verdict=verdict):
                words = f"{status.value}{f', {verdict.value}' if verdict else ''}: {reason.words}"
                cost = usd(self._state.agents[name].cost_usd)
                yield name, "note", f"{words} (${cost})"
            case e.EngineResumed():
                yield ORCHESTRATOR, "note", "another engine has taken over"
            case _:
                pass


_OPENED = {
    PrepareWorkspace: "preparing the workspace",
    RunChecks: "running the checks",
    MergeWork: "merging",
}
