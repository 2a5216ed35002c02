"""The screen of a run: header, tree, detail, inbox or reply card, footer. It draws the picture and hands keys on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from pilothouse.core.ids import ORCHESTRATOR
from pilothouse.core.views import AgentView, QuestionView

from ..display.roles import Role
from ..display.why import why
from ..keys import Zone, bindings
from ..live import LiveRun
from ..steering import Outcome, Steering
from ..widgets.agent_tree import AgentTree
from ..widgets.bars import FooterLine, HeaderLine
from ..widgets.detail import Detail
from ..widgets.inbox import Inbox
from ..widgets.pane import Pane
from ..widgets.reply_card import ReplyCard
from .confirm import ConfirmScreen
from .receipt import ReceiptScreen

ZONES = ("tree", "detail", "inbox")
TOAST_SECONDS = 4.0
WHY_SECONDS = 10.0
"""A chain takes longer to read than an acknowledgement."""


class SupervisorScreen(Screen[None]):
    """Everything a person needs to see of a run, and to steer it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.RUN)
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"),
        (60, "-narrow"),
        (80, "-stacked"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (10, "-low"), (18, "-high")]  # noqa: RUF012
    AUTO_FOCUS = "AgentTree"

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self._steering = Steering(live)
        # Kept by name: a frame that comes while the screen is being taken down must find them.
        self._header = HeaderLine(live)
        self._tree = AgentTree(live, id="tree")
        self._tree_pane = Pane(self._tree, id="tree-pane")
        self._detail = Detail(live, id="detail-pane")
        self._inbox = Inbox(live, id="inbox")
        self._inbox_pane = Pane(self._inbox, id="inbox-pane")
        self._card = ReplyCard(live)
        self._footer = FooterLine(Zone.TREE, Zone.RUN, Zone.EVERYWHERE)
        self._own_zones: list[tuple[Widget, Zone]] = [
            (self._tree, Zone.TREE),
            (self._inbox, Zone.INBOX),
            (self._detail.log_view, Zone.LOG),
        ]
        self._before: str | None = None
        self._shown: str | None = None
        self._return_to: Widget | None = None
        self._receipt_shown = False

    def compose(self) -> ComposeResult:
        yield self._header
        yield Container(self._tree_pane, self._detail, id="panes")
        yield self._inbox_pane
        yield self._card
        yield self._footer

    def on_mount(self) -> None:
        self.frame()

    # drawing

    def frame(self) -> None:
        """Draw the newest picture."""
        self._header.refresh()
        self._tree.follow()
        self._detail.follow()
        waiting = self._inbox.follow()
        self._entitle(waiting)
        if self.has_class("-replying"):
            self._follow_reply()
        if self._live.is_over and not self._receipt_shown:
            self._end()

    def tick(self) -> None:
        """Draw what changes with the clock alone."""
        self._header.refresh()
        self._tree.refresh()
        self._inbox.refresh()
        if self.has_class("-replying"):
            self._card.draw()

    def poll(self) -> None:
        """Read on in the files that are shown."""
        self._detail.poll()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.frame)

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        focused = self.focused
        own = [zone for pane, zone in self._own_zones if pane is focused]
        self._footer.show(*own, Zone.RUN, Zone.EVERYWHERE)

    def _entitle(self, waiting: int) -> None:
        agents = len(self._live.picture.agents)
        self._tree_pane.entitle((("1 ", Role.MUTED), (f"agents ({agents})", Role.STRONG)))
        role = Role.ATTENTION if waiting else Role.MUTED
        self._inbox_pane.entitle((("3 ", Role.MUTED), (f"needs you ({waiting})", role)))

    def _end(self) -> None:
        """The run is over: its receipt, but never over a reply that is being written."""
        self._receipt_shown = True
        if self._is_replying or self.app.screen is not self:
            self._toast(Outcome("the run has ended: m shows its receipt"))
        else:
            self._show_receipt()

    # where the user looks

    @on(AgentTree.Chosen)
    def _chosen(self, event: AgentTree.Chosen) -> None:
        if self._shown != event.agent_id:
            self._before, self._shown = self._shown, event.agent_id
        self._detail.show_agent(event.agent_id)

    def action_last_agent(self) -> None:
        if self._before is not None:
            self._tree.go_to(self._before)

    def action_needs_you(self, direction: int) -> None:
        agent_id = self._tree.next_in_need(direction)
        if agent_id is None:
            self._toast(Outcome("nothing else needs you"))
        else:
            self._tree.go_to(agent_id)

    def action_zone(self, step: int) -> None:
        zones = [zone for zone in ZONES if self._pane(zone).display]
        here = next((number for number, zone in enumerate(zones) if self._has_focus(zone)), 0)
        self.action_focus_zone(zones[(here + step) % len(zones)])

    def action_focus_zone(self, zone: str) -> None:
        if not self._pane(zone).display:
            self._zoom(zone if zone == "detail" else None)
        target = {"tree": self._tree, "inbox": self._inbox}.get(zone, self._detail.content)
        target.focus()

    def action_tab(self, step: int) -> None:
        self._detail.next_tab(step)
        if not self._detail.display:
            self.action_focus_zone("detail")

    def action_zoom(self) -> None:
        self._zoom(None if self._is_zoomed else "detail" if self._has_focus("detail") else "tree")

    def action_open(self) -> None:
        if self._has_focus("inbox"):
            self.action_reply()
        elif not self.has_class("-zoom-detail"):
            self._zoom("detail")
            self._detail.content.focus()

    def action_back(self) -> None:
        self._zoom(None)
        self._tree.focus()

    def action_why(self) -> None:
        if (agent := self._agent) is not None:
            text = why(self._live.picture, agent.id, self._live.now, self._live.glyphs)
            self.notify(text, timeout=WHY_SECONDS, markup=False)

    # the reply card

    def action_reply(self) -> None:
        question = self._question_to_answer()
        if question is not None:
            self._open_card()
            self._card.open_question(question)
        elif (agent := self._agent) is not None and not agent.status.is_terminal:
            self._open_card()
            self._card.open_message(agent.id)
        else:
            self._toast(Outcome("nothing waits for you, and this agent has ended", refused=True))

    def action_say(self) -> None:
        if self._live.is_over:
            self._toast(Outcome("the run has ended", refused=True))
            return
        self._open_card()
        self._card.open_message(ORCHESTRATOR)

    @on(ReplyCard.Left)
    def _close_card(self) -> None:
        self.remove_class("-replying")
        (self._return_to or self._tree).focus()

    @on(ReplyCard.Sent)
    async def _sent(self, event: ReplyCard.Sent) -> None:
        if event.question_id is not None:
            outcome = await self._steering.answer(event.question_id, event.text)
        else:
            outcome = await self._steering.say(event.agent_id or ORCHESTRATOR, event.text)
        self._toast(outcome)
        if not outcome.refused:
            self._card.forget_draft(event.question_id or event.agent_id or "")
            self._close_card()

    def _open_card(self) -> None:
        self._return_to = self.focused
        self.add_class("-replying")

    def _follow_reply(self) -> None:
        """Close the card when somebody else has answered its question; otherwise draw it."""
        question = self._live.picture.questions.get(self._card.question_id or "")
        if question is not None and question.answer is not None:
            self._toast(Outcome(f"{question.id} has been answered: {question.answer}"))
            self._close_card()
        else:
            self._card.draw()

    def _question_to_answer(self) -> QuestionView | None:
        """Of the inbox's chosen one, the chosen agent's and the oldest, the first that is there."""
        if self._has_focus("inbox"):
            return self._inbox.chosen
        waiting = self._live.picture.open_questions()
        own = next((question for question in waiting if self._tree.chosen in question.agents), None)
        return own or (waiting[0] if waiting else None)

    # steering

    async def action_pause(self) -> None:
        if (agent := self._agent) is not None:
            self._toast(await self._steering.pause_or_resume(agent))

    async def action_pause_all(self) -> None:
        self._toast(await self._steering.pause_or_resume_all())

    async def action_stop(self) -> None:
        if (agent := self._agent) is None:
            return
        below = self._tree.alive_below(agent.id)
        if below and not agent.status.is_terminal:
            question = f"Stop {agent.id} {agent.title} and the {len(below)} below it?"
            self.app.push_screen(ConfirmScreen(question, self._names(below)), self._stop_if(agent))
        else:
            self._toast(await self._steering.stop(agent))

    async def action_kill(self) -> None:
        if (agent := self._agent) is not None:
            self._toast(await self._steering.kill(agent, len(self._tree.alive_below(agent.id))))

    async def action_retry(self) -> None:
        if (agent := self._agent) is not None:
            self._toast(await self._steering.retry(agent))

    def action_stop_all(self) -> None:
        alive = [agent.id for agent in self._live.picture.agents.values() if not agent.status.is_terminal]
        if alive:
            question = f"Stop all {len(alive)} agents and quit?"
            self.app.push_screen(ConfirmScreen(question, self._names(alive)), self._stop_all_if)
        else:
            self.app.exit()

    def action_land(self) -> None:
        if self._live.is_over:
            self._show_receipt()
        else:
            self._toast(Outcome("the run has not ended: there is nothing to land yet", refused=True))

    # parts

    def _pane(self, zone: str) -> Pane:
        return {"tree": self._tree_pane, "inbox": self._inbox_pane}.get(zone, self._detail)

    @property
    def _agent(self) -> AgentView | None:
        return self._live.agent(self._tree.chosen)

    @property
    def _is_zoomed(self) -> bool:
        return self.has_class("-zoom-tree") or self.has_class("-zoom-detail")

    @property
    def _is_replying(self) -> bool:
        return self.has_class("-replying")

    def _has_focus(self, zone: str) -> bool:
        return self._pane(zone).has_focus_within

    def _zoom(self, zone: str | None) -> None:
        for each in ("tree", "detail"):
            self.set_class(each == zone, f"-zoom-{each}")

    def _names(self, agent_ids: list[str]) -> list[str]:
        agents = self._live.picture.agents
        return [f"{each} {agents[each].title}" for each in agent_ids]

    def _stop_if(self, agent: AgentView) -> Callable[[bool | None], Awaitable[None]]:
        async def stop(confirmed: bool | None) -> None:
            if confirmed:
                self._toast(await self._steering.stop(agent))

        return stop

    async def _stop_all_if(self, confirmed: bool | None) -> None:
        if not confirmed:
            return
        outcome = await self._steering.stop_all()
        if outcome.refused:
            self._toast(outcome)
        else:
            self.app.exit()

    def _show_receipt(self) -> None:
        self.app.push_screen(ReceiptScreen(self._live, self._steering))

    def _toast(self, outcome: Outcome) -> None:
        severity: Literal["warning", "information"] = "warning" if outcome.refused else "information"
        self.notify(outcome.text, severity=severity, timeout=TOAST_SECONDS, markup=False)
