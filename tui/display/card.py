"""What the reply card says. Pure: a question and the state of the card go in, paragraphs come out."""

from __future__ import annotations

from pilothouse.core.views import QuestionView

from .glyphs import UNICODE, GlyphSet
from .roles import Line, Role
from .sanitize import one_line, sanitize
from .talk import Paragraph

MAX_OPTIONS = 9
"""Options that have a key; more can be reached by moving."""


def card_paragraphs(
    question: QuestionView, chosen: int | None, draft: str, is_ready: bool, glyphs: GlyphSet = UNICODE
) -> list[Paragraph]:
    """The question, why it is asked, and the options; quiet until the card takes keys."""
    paragraphs = [Paragraph(((text, Role.STRONG),)) for text in sanitize(question.text).strip().split("\n")]
    if question.why:
        paragraphs.extend(Paragraph(((text, Role.MUTED),)) for text in sanitize(question.why).strip().split("\n"))
    paragraphs.append(Paragraph(()))
    for number, option in enumerate(question.options):
        is_chosen = number == chosen
        text = Role.STRONG if is_chosen else Role.TEXT if is_ready else Role.MUTED
        key = str(number + 1) if number < MAX_OPTIONS else " "
        line: Line = (
            (f"{glyphs.cursor if is_chosen else ' '} ", Role.ACCENT),
            (f"{key}  ", Role.ACCENT if is_ready else Role.MUTED),
            (one_line(option), text),
        )
        suggested = (("   suggested", Role.MUTED),) if option == question.default else ()
        paragraphs.append(Paragraph((*line, *suggested), 5))
    if draft:
        paragraphs.append(Paragraph((("  i  ", Role.ACCENT), (f"draft: {one_line(draft)}", Role.MUTED)), 5))
    return paragraphs


def card_keys(question: QuestionView, is_typing: bool, is_ready: bool) -> str:
    """The keys that work in the card, for its lower border."""
    if is_typing:
        return "enter send · esc back"
    if not is_ready:
        return "one moment"
    if not question.options:
        return "i write · esc later"
    choose = f"1-{min(len(question.options), MAX_OPTIONS)} choose · " if len(question.options) > 1 else "1 choose · "
    return f"{choose}i own words · enter send · esc later"
