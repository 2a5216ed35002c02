"""The receipt: what a run came to, with the evidence. Pure: a picture goes in, paragraphs come out."""

from __future__ import annotations

from collections import Counter
from datetime import tzinfo

from pilothouse.core.face.picture import Picture
from pilothouse.core.ids import ORCHESTRATOR
from pilothouse.core.status import Status
from pilothouse.core.views import AgentView, MergeView, RunView

from .cells import pad
from .document import LABEL, acceptance, body, check_paragraph, field, heading
from .glyphs import NEEDS_YOU, UNICODE, GlyphSet, mark_of, outcome_mark
from .roles import Role
from .sanitize import one_line
from .talk import Paragraph
from .words import count, dollars, duration_long, thousands, time_of_day

MAX_NAME = 26


def receipt(picture: Picture, zone: tzinfo | None, glyphs: GlyphSet = UNICODE, *, lands: str = "m") -> list[Paragraph]:
    """Everything a person wants to know of a run that is over, or of how far it has come.

    `lands` is the key or the command that lands the result where this is shown.
    """
    run = picture.run
    if run is None:
        return [Paragraph((("nothing is known of this run yet", Role.MUTED),))]
    orchestrator = picture.agents.get(ORCHESTRATOR)
    parts = [
        _outcome(run, orchestrator, glyphs),
        _acceptance(run, orchestrator, glyphs),
        _agents(picture, glyphs),
        _branch(run, zone, lands),
        _money_and_time(run),
        _refusals(picture, run),
        _questions(picture, glyphs),
    ]
    paragraphs: list[Paragraph] = []
    for part in filter(None, parts):
        paragraphs.extend([Paragraph(())] if paragraphs else [])
        paragraphs.extend(part)
    return paragraphs


def landing_line(run: RunView, zone: tzinfo | None, lands: str = "m") -> str:
    """Where the result is, in one sentence."""
    if run.landing is not None:
        landing = run.landing
        when = time_of_day(landing.at, zone)
        undo = f"undo: git reset --keep {one_line(landing.before)[:10]}"
        return f"landed in {one_line(landing.branch)} at {when} as {one_line(landing.commit)[:10]} · {undo}"
    if run.status == Status.SUCCEEDED and run.merges:
        return f"not in your branch yet: {lands} lands it in {one_line(run.base_branch or run.base[:10])}"
    return "there is nothing to land" if not run.merges else f"kept in {one_line(run.branch)}"


def _outcome(run: RunView, orchestrator: AgentView | None, glyphs: GlyphSet) -> list[Paragraph]:
    mark = outcome_mark(run.status, run.verdict)
    title: list[tuple[str, Role]] = [(f"{glyphs.of(mark)} {mark.word}", mark.role)]
    if run.rehearsal is not None:
        title.extend([("   ", Role.TEXT), (" REHEARSAL ", Role.BADGE)])
    title.append((f"   {one_line(run.goal)}", Role.STRONG))
    paragraphs = [Paragraph(tuple(title), 2)]
    if run.reason is not None and run.status != Status.SUCCEEDED:
        paragraphs.append(Paragraph(((one_line(run.reason.words), mark.role),)))
    if orchestrator is not None and orchestrator.summary:
        paragraphs.extend([Paragraph(()), *body(orchestrator.summary)])
    return paragraphs


def _acceptance(run: RunView, orchestrator: AgentView | None, glyphs: GlyphSet) -> list[Paragraph]:
    paragraphs = [] if orchestrator is None else acceptance(orchestrator, glyphs)
    shown = set() if orchestrator is None else {check.command for check in orchestrator.checks}
    paragraphs.extend(check_paragraph(check, glyphs) for check in run.checks if check.command not in shown)
    if orchestrator is not None and orchestrator.evidence:
        paragraphs.extend(
            Paragraph((("  evidence  " if not number else " " * 12, Role.MUTED), *part.line), 12)
            for number, part in enumerate(body(orchestrator.evidence))
        )
    return [heading("Acceptance"), *paragraphs] if paragraphs else []


def _agents(picture: Picture, glyphs: GlyphSet) -> list[Paragraph]:
    agents = [agent for agent in picture.agents.values() if agent.parent is not None]
    if not agents:
        return []
    merges = {merge.agent: merge for merge in picture.run.merges} if picture.run is not None else {}
    width = min(MAX_NAME, max(len(agent.id) + len(one_line(agent.title)) + 1 for agent in agents))
    return [heading(f"Agents ({len(agents)})"), *(_agent(agent, merges, width, glyphs) for agent in agents)]


def _agent(agent: AgentView, merges: dict[str, MergeView], width: int, glyphs: GlyphSet) -> Paragraph:
    mark = mark_of(agent)
    merge = merges.get(agent.id)
    facts = [_result(agent)]
    if merge is not None:
        facts.append(f"merged +{merge.insertions} -{merge.deletions} in {count(merge.files, 'file')}")
    return Paragraph(
        (
            (f"  {glyphs.of(mark)} ", mark.role),
            (pad(f"{agent.id} {one_line(agent.title)}", width), Role.TEXT),
            (f"  {mark.word:<10}", mark.role),
            (f" {dollars(agent.cost_usd):>6}  {duration_long(agent.seconds * 1000):>10}  ", Role.MUTED),
            (" · ".join(filter(None, facts)), Role.MUTED),
        ),
        width + 36,
    )


def _result(agent: AgentView) -> str:
    if agent.status is not Status.SUCCEEDED and agent.reason is not None:
        return one_line(agent.reason.words, 300)
    return one_line(agent.activity, 300)


def _branch(run: RunView, zone: tzinfo | None, lands: str) -> list[Paragraph]:
    merged = f"{count(len(run.merges), 'merge')}, tip {one_line(run.tip)[:10]}" if run.merges else "no merges"
    return [
        heading("Result"),
        field("branch", f"{run.branch} · {merged}"),
        field("landing", landing_line(run, zone, lands), Role.GOOD if run.landing is not None else Role.TEXT),
    ]


def _money_and_time(run: RunView) -> list[Paragraph]:
    tokens = run.tokens
    used = (
        f"{thousands(tokens.input)} in, {thousands(tokens.output)} out, "
        f"{thousands(tokens.cache_read)} from the cache, {thousands(tokens.cache_write)} into it"
    )
    time = f"{duration_long(run.wall_seconds * 1000)} on the clock, {duration_long(run.busy_seconds * 1000)} of work"
    faster = f", ×{run.speedup:.1f} against one by one (estimate)" if run.speedup is not None else ""
    free = "   (rehearsed: nothing was paid)" if run.rehearsal is not None else ""
    return [
        heading("Cost and time"),
        field("cost", f"{dollars(run.cost_usd)} of {dollars(run.max_cost_usd)}{free}"),
        field("tokens", used),
        field("time", time + faster),
    ]


def _refusals(picture: Picture, run: RunView) -> list[Paragraph]:
    if not run.refusals:
        return []
    groups = Counter((refusal.parent, refusal.code) for refusal in run.refusals)
    words = {(refusal.parent, refusal.code): refusal.words for refusal in reversed(run.refusals)}
    return [
        heading(f"Refused spawns ({len(run.refusals)})"),
        *(
            Paragraph(
                (
                    (f"  {number:>3} × ", Role.MUTED),
                    (f"{parent}  ", Role.TEXT),
                    (one_line(words[parent, code]), Role.MUTED),
                ),
                LABEL,
            )
            for (parent, code), number in groups.items()
        ),
    ]


def _questions(picture: Picture, glyphs: GlyphSet) -> list[Paragraph]:
    waiting = picture.open_questions()
    if not waiting:
        return [heading("Open questions"), Paragraph((("  none", Role.MUTED),))]
    return [
        heading(f"Open questions ({len(waiting)})"),
        *(
            Paragraph(
                (
                    (f"  {glyphs.of(NEEDS_YOU)} {question.id} ", Role.ATTENTION),
                    (one_line(question.text), Role.TEXT),
                ),
                4,
            )
            for question in waiting
        ),
    ]
