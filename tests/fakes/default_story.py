"""The default scenario for the world of fakes: everything that a run can show at once, in a few virtual minutes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pilothouse.core.state import QuestionRecord

from .world import (
    Reply,
    Script,
    Seen,
    Use,
    World,
    ask,
    asked,
    await_agents,
    escalate,
    finish,
    order,
    spawn,
    started,
    steps,
    write,
)

FILES = {"app#name": "shop", "routes#home": "ok"}
PROVIDER = "Which provider should people sign in with?"
HELPERS = 60

ORDERS = (
    order("models", "$ has models ok"),
    order("login", "$ has login ok", "$ has routes#login ok", context="OAuth; which provider is not decided."),
    order("billing", "$ has billing ok"),
    order("styles", "$ has routes#styles ok"),
    order("survey", "Every payment option is named.", reads=True),
    order("reports", "$ has reports ok"),
    order("pages", "$ has pages ok", needs=("models", "login", "billing")),
)


def _orchestrator(seen: Seen) -> Reply:
    if not seen.turns:
        return Reply("Seven pieces; one needs three others.", (*(spawn(each) for each in ORDERS), await_agents()))
    if names := asked(seen.last):
        return Reply("I cannot quote an answer.", (*(escalate(name) for name in names), await_agents()))
    if re.search(r"^(\d+) of \1 have ended", seen.last, re.MULTILINE):
        return Reply("All is merged.", (finish("The shop has sign-in and billing.", "all checks pass"),))
    return Reply("Waiting.", (await_agents(),))


def _login(seen: Seen) -> Reply:
    step = seen.turns - seen.unknown
    if step == 0:
        return Reply("The provider is open.", (ask(PROVIDER, "GitHub", "Google", why="The redirect depends on it."),))
    if step == 1:
        provider = "google" if any(text.startswith("Google") for text in seen.texts) else "github"
        return Reply("Now I know.", (write(login="ok", routes__login="ok", provider=provider),))
    return Reply("Done.", (finish("People sign in."),))


def _reports(seen: Seen) -> Reply:
    step = seen.turns - seen.unknown
    if step == 0:
        return Reply("One part for somebody else.", (spawn(order("charts", "$ has charts ok")),))
    if step == 1:
        return Reply("The other is mine.", (write(reports="ok"),))
    if step == 2:
        return Reply("Waiting for the charts.", (await_agents(),))
    return Reply("Done.", (finish("There are reports."),))


SCRIPTS: dict[str, Script] = {
    "orchestrator": _orchestrator,
    "login": _login,
    "reports": _reports,
    "charts": steps(
        Reply("I need help.", tuple(spawn(order(f"helper {n}")) for n in range(HELPERS))),
        Reply("Then I do it myself.", (write(charts="ok"),)),
        Reply("Done.", (finish("There are charts."),)),
    ),
    "models": steps(
        Reply("Looking.", (Use("read", "app#name"), Use("grep", "app#name"))),
        Reply("Writing.", (write(models="ok"),)),
        Reply("Done.", (finish("The models stand."),)),
    ),
    "billing": steps(
        Reply("Writing.", (write(billing="broken"),)),
        Reply("Done.", (finish("There is billing."),)),
    ),
    "fix billing": steps(
        Reply("The rounding is wrong.", (Use("bash", "billing"),)),
        Reply("Mending.", (write(billing="ok"),)),
        Reply("Done.", (finish("Rounded half even."),)),
    ),
    "styles": steps(Reply("Writing.", (write(routes__styles="ok"),)), Reply("Done.", (finish("It looks well."),))),
    "survey": steps(
        Reply("Looking.", (Use("glob", "app#name"),)), Reply("Done.", (finish("There are three payment options."),))
    ),
    "pages": steps(Reply("Writing.", (write(pages="ok"),)), Reply("Done.", (finish("There are pages."),))),
}


def choose_google(question: QuestionRecord) -> tuple[int, str] | None:
    """The user takes twenty seconds to answer."""
    return (20_000, "Google") if question.text == PROVIDER else None


def default_world(**changes: Any) -> World:
    """The default scenario, ready to be played."""
    start = started("Add sign-in and a billing page to the shop", validation=("sound",), land=True)
    world = World(scripts=SCRIPTS, files=FILES, start=start, answers=choose_google)
    return replace(world, **changes) if changes else world
