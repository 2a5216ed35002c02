"""The detail of the chosen agent: its log, the talk with the orchestrator, its spec, its output. One tab at a time."""

from __future__ import annotations

from enum import StrEnum

from textual.app import ComposeResult

from pilothouse.core.ids import ORCHESTRATOR
from pilothouse.core.views import AgentView

from ..display.document import response_paragraphs, spec_paragraphs
from ..display.logfile import LogFile, LogLine
from ..display.roles import Line, Role, Span
from ..display.sanitize import one_line
from ..display.talk import SPOKEN, Paragraph, conversation
from ..live import LiveRun
from .document_view import DocumentView
from .line_pane import LinePane
from .log_view import LogView
from .pane import Pane

MAX_OUTPUT = 512 * 1024
"""Bytes of a response file that are shown."""


class Tab(StrEnum):
    """What the detail can show; the value is its title."""

    LOG = "Log"
    TALK = "Talk"
    OUTPUT = "Output"
    SPEC = "Spec"


class Detail(Pane):
    """The pane with the tabs."""

    def __init__(self, live: LiveRun, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._live = live
        self._agent_id: str | None = None
        self._talk = _Talk(live)
        self.log_view = LogView(live)
        self._documents = {
            Tab.TALK: DocumentView(sticks=True, classes="-hidden"),
            Tab.OUTPUT: DocumentView(classes="-hidden"),
            Tab.SPEC: DocumentView(classes="-hidden"),
        }
        self._output_state: tuple[str, int, int] | None = None
        self._output_text: list[Paragraph] = []
        self.tab = Tab.LOG

    def compose(self) -> ComposeResult:
        yield self.log_view
        yield from self._documents.values()

    @property
    def content(self) -> LinePane:
        """The tab that is open."""
        return self._documents.get(self.tab, self.log_view)

    def show_agent(self, agent_id: str) -> None:
        """Look at another agent."""
        self._agent_id = agent_id
        self.log_view.show_agent(agent_id)
        self.follow()

    def show_tab(self, tab: Tab) -> None:
        """Open a tab; the focus goes along."""
        had_focus = self.content.has_focus
        self.tab = tab
        panes: list[LinePane] = [self.log_view, *self._documents.values()]
        for each in panes:
            each.set_class(each is not self.content, "-hidden")
        self.follow()
        if had_focus:
            self.content.focus()

    def next_tab(self, step: int) -> None:
        """Open the tab beside this one, going round."""
        tabs = list(Tab)
        self.show_tab(tabs[(tabs.index(self.tab) + step) % len(tabs)])

    def follow(self) -> None:
        """Draw the newest picture."""
        agent = self._live.agent(self._agent_id)
        self._entitle(agent)
        if agent is None:
            return
        match self.tab:
            case Tab.LOG:
                self.log_view.poll()
            case Tab.TALK:
                self._documents[Tab.TALK].show(self._talk.paragraphs())
            case Tab.SPEC:
                self._documents[Tab.SPEC].show(spec_paragraphs(agent, self._live.glyphs))
            case Tab.OUTPUT:
                self._documents[Tab.OUTPUT].show(self._output(agent))

    def poll(self) -> None:
        """Read on in the files that are shown."""
        if self.tab is Tab.LOG:
            self.log_view.poll()
        elif self.tab is Tab.TALK and self._talk.poll():
            self.follow()
        self._entitle(self._live.agent(self._agent_id))

    def _entitle(self, agent: AgentView | None) -> None:
        spans: list[Span] = [("2 ", Role.MUTED)]
        if agent is not None:
            name = one_line(agent.title, 40)
            spans.append((f"{agent.id} {name}  " if agent.parent is not None else f"{name}  ", Role.STRONG))
        for tab in Tab:
            spans.append(
                (f"[{tab}]" if tab is self.tab else f" {tab} ", Role.ACCENT if tab is self.tab else Role.MUTED)
            )
        self.entitle(tuple(spans), self._state_of_log() if self.tab is Tab.LOG else ())

    def _state_of_log(self) -> Line:
        follow = "on" if self.log_view.follows else "off"
        return ((f"follow {follow} · wrap {'on' if self.log_view.wraps else 'off'}", Role.MUTED),)

    def _output(self, agent: AgentView) -> list[Paragraph]:
        path = self._live.picture.response_path(agent.id)
        try:
            facts = path.stat()
            state = (agent.id, facts.st_mtime_ns, facts.st_size)
            if state != self._output_state:
                with path.open("rb") as file:
                    self._output_text = response_paragraphs(file.read(MAX_OUTPUT).decode("utf-8", "replace"))
                self._output_state = state
        except OSError:
            return [Paragraph((("there is no output yet", Role.MUTED),))]
        return self._output_text


class _Talk:
    """The spoken lines of the orchestrator's log, read on as it grows."""

    def __init__(self, live: LiveRun) -> None:
        self._live = live
        self._file: LogFile | None = None
        self._spoken: list[LogLine] = []

    def poll(self) -> bool:
        """Read on; whether anything was said."""
        if self._file is None:
            self._file = LogFile(self._live.picture.log_path(ORCHESTRATOR))
        new = [line for line in self._file.read() if line.kind in SPOKEN]
        self._spoken.extend(new)
        return bool(new)

    def paragraphs(self) -> list[Paragraph]:
        """The conversation up to now."""
        self.poll()
        return conversation(self._live.picture, self._spoken, self._live.zone, self._live.glyphs)
