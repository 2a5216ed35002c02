"""The spec and the response of an agent as paragraphs. Pure: views and file text in, paragraphs out."""

from __future__ import annotations

from pilothouse.core.spec import COMMAND_PREFIX
from pilothouse.core.views import AgentView, CheckView

from .cells import clip
from .glyphs import FAILED, UNICODE, VERIFIED, GlyphSet
from .roles import Line, Role
from .sanitize import TAB, one_line, sanitize
from .talk import Paragraph
from .words import dollars, duration_long

LABEL = 11
"""Columns of the label before a field."""


def spec_paragraphs(agent: AgentView, glyphs: GlyphSet = UNICODE) -> list[Paragraph]:
    """What the agent was asked to do and how each acceptance item stands."""
    spec = agent.spec
    paragraphs = [Paragraph(((one_line(spec.title), Role.STRONG),)), Paragraph(())]
    paragraphs.extend(body(spec.outcome))
    paragraphs.extend([Paragraph(()), heading("Acceptance")])
    paragraphs.extend(acceptance(agent, glyphs))
    if agent.evidence:
        paragraphs.extend([Paragraph(()), heading("Evidence"), *body(agent.evidence, "  ")])
    if spec.context:
        paragraphs.extend([Paragraph(()), heading("Context"), *body(spec.context, "  ")])
    paragraphs.append(Paragraph(()))
    fields = [
        ("paths", ", ".join(spec.paths)),
        ("needs", ", ".join(agent.needs)),
        ("fixes", agent.fixes or ""),
        ("workspace", " · ".join(filter(None, [agent.workspace, agent.path or ""]))),
        ("branch", agent.branch or ""),
        ("model", agent.model),
        ("budget", dollars(str(spec.budget_usd)) if spec.budget_usd is not None else ""),
        ("turns", f"{agent.turns} in {agent.attempts} calls, {duration_long(agent.seconds * 1000)}"),
    ]
    paragraphs.extend(field(name, value) for name, value in fields if value)
    return paragraphs


def acceptance(agent: AgentView, glyphs: GlyphSet = UNICODE) -> list[Paragraph]:
    """The acceptance items; commands with how they ended, sentences with a dot (they stand on the evidence)."""
    checks = {check.command: check for check in agent.checks}
    paragraphs: list[Paragraph] = []
    for item in agent.spec.acceptance:
        text = one_line(item)
        check = checks.get(item.strip().removeprefix(COMMAND_PREFIX).strip())
        if check is not None and item.strip().startswith(COMMAND_PREFIX):
            paragraphs.append(check_paragraph(check, glyphs))
        else:
            paragraphs.append(Paragraph((("  · ", Role.MUTED), (text, Role.TEXT)), 4))
    return paragraphs


def check_paragraph(check: CheckView, glyphs: GlyphSet = UNICODE) -> Paragraph:
    """`✓ $ python -m unittest   14 tests, 1.2 s`."""
    mark = VERIFIED if check.passed else FAILED
    ended = f"{check.seconds:.1f} s" if check.passed else f"exit {check.exit_code}, {check.seconds:.1f} s"
    last = clip(one_line(check.tail.strip().rpartition("\n")[2]), 60)
    return Paragraph(
        (
            (f"  {glyphs.of(mark)} ", mark.role),
            (f"$ {one_line(check.command)}", Role.TEXT),
            (f"   {' · '.join(filter(None, [last, ended]))}", Role.MUTED),
        ),
        4,
    )


def response_paragraphs(text: str) -> list[Paragraph]:
    """A response file: its front matter quietly, its headings in bold."""
    lines = sanitize(text).replace("\t", TAB).split("\n")
    paragraphs: list[Paragraph] = []
    in_front = lines[:1] == ["---"]
    for number, line in enumerate(lines):
        if in_front and number:
            in_front = line != "---"
        elif not in_front:
            role = Role.STRONG if line.startswith("#") else Role.TEXT
            paragraphs.append(Paragraph(((line, role),), _hang(line)))
    while paragraphs and not any(text for text, _role in paragraphs[0].line):
        paragraphs.pop(0)
    return paragraphs


def heading(text: str) -> Paragraph:
    """The title of a part."""
    return Paragraph(((text, Role.ACCENT),))


def field(name: str, value: str, role: Role = Role.TEXT) -> Paragraph:
    """`name       value`."""
    label: Line = ((f"{name:<{LABEL}}", Role.MUTED),)
    return Paragraph((*label, (one_line(value), role)), LABEL)


def body(text: str, indent: str = "") -> list[Paragraph]:
    """Free text, paragraph by paragraph."""
    return [
        Paragraph(((indent + line, Role.TEXT),), len(indent))
        for line in sanitize(text).replace("\t", TAB).strip().split("\n")
    ]


def _hang(line: str) -> int:
    stripped = line.lstrip()
    return len(line) - len(stripped) + (2 if stripped.startswith(("- ", "* ")) else 0)
