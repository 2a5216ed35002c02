"""The smallest engine that can play a scenario: one agent after another, with real files, commands, git and merges.

It knows nothing of slots, money or time. Its words are those of the kernel, as far as scenarios rely on them.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilothouse.core.adapters.rehearsal import conversation, manners, wire
from pilothouse.core.adapters.rehearsal.lay_down import lay_down_project
from pilothouse.core.adapters.rehearsal.scenario import Scenario
from pilothouse.core.adapters.rehearsal.script import next_message

TOOLS = [
    {"name": name}
    for name in ("read", "write", "edit", "glob", "grep", "bash", "spawn_agent", "await_agents", "ask", "finish")
]
MAX_TURNS = 20
CHILDREN = 12


@dataclass
class Player:
    """One agent."""

    id: str
    title: str
    depth: int
    place: Path
    spec: dict[str, Any] = field(default_factory=dict)
    children: list[Player] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    refusals: int = 0
    outcome: dict[str, Any] | None = None
    fixed_by: Player | None = None
    output_tokens: int = 0


@dataclass
class RehearsedRun:
    """Plays `scenario` in `folder`, answering every question with `answer`."""

    scenario: Scenario
    folder: Path
    answer: str = "GitHub"
    max_depth: int = 2
    players: list[Player] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    escalated: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def play(self) -> Player:
        """Play it all; gives back the orchestrator."""
        lay_down_project(self.project)
        root = self._player("orchestrator", 0, self.project)
        self.live(root, f"# Goal: {self.scenario.goal}\n\nYou are a0.")
        return root

    def _player(self, title: str, depth: int, place: Path, spec: dict[str, Any] | None = None) -> Player:
        player = Player(f"a{len(self.players)}", title, depth, place, spec or {})
        self.players.append(player)
        return player

    def live(self, player: Player, order: str) -> None:
        """Play one agent to its end."""
        player.messages.append({"role": "user", "content": order})
        for _ in range(MAX_TURNS):
            request = {"model": "m", "max_tokens": 16_384, "messages": player.messages, "tools": TOOLS}
            assert manners.objection(request) is None
            words = next_message(self.scenario, conversation.read(request))
            message = wire.message(request, words)
            player.output_tokens += message["usage"]["output_tokens"]
            player.messages.append({"role": "assistant", "content": message["content"]})
            results, news = [], []
            for block in message["content"]:
                if block["type"] == "tool_use":
                    text, told = self._call(player, block["name"], block["input"])
                    news += told
                    results.append({"type": "tool_result", "tool_use_id": block["id"], "content": text})
            player.messages.append(
                {"role": "user", "content": [*results, *({"type": "text", "text": t} for t in news)]}
            )
            if player.outcome is not None:
                return
        raise AssertionError(f"{player.title} never finished")

    def _call(self, player: Player, name: str, given: dict[str, Any]) -> tuple[str, list[str]]:
        path = player.place / given.get("file_path", "")
        match name:
            case "read":
                return path.read_text(), []
            case "write":
                path.write_text(given["content"])
                return "wrote", []
            case "edit":
                text = path.read_text()
                assert text.count(given["old_string"]) == 1, (player.title, given["old_string"])
                path.write_text(text.replace(given["old_string"], given["new_string"]))
                return "edited", []
            case "glob" | "grep":
                return "no matches", []
            case "bash":
                done = self._run(player.place, given["command"])
                return done.stdout, []
            case "spawn_agent":
                return self._spawn(player, given["spec"]), []
            case "await_agents":
                return self._await(player, given["ids"])
            case "ask":
                self.asked.append(given)
                return f"{self.answer}\n\n(answered by the user)", []
            case "escalate":
                self.escalated.append(given["question_id"])
                return "passed up", []
            case "finish":
                player.outcome = given
                return "taken; the engine now checks it", []
            case _:
                return "fine", []

    def _spawn(self, player: Player, spec: dict[str, Any]) -> str:
        if player.depth + 1 > self.max_depth or len(player.children) >= CHILDREN:
            player.refusals += 1
            return "refused: beyond the limit; do the work yourself (0 levels left)"
        place = self.folder / f"a{len(self.players)}"
        child = self._player(spec["title"], player.depth + 1, place, spec)
        player.children.append(child)
        if not spec.get("needs"):
            self._git(self.project, "worktree", "add", "--quiet", "--detach", str(place), "HEAD")
        return f'spawned {child.id} "{child.title}" (left: 11 children)'

    def _await(self, player: Player, ids: list[str]) -> tuple[str, list[str]]:
        waiting = [child for child in player.children if not ids or child.id in ids]
        asks = [child for child in waiting if child.title == "login"]
        if asks and not self.escalated:
            question = f'{asks[0].id} "login" asks q1: Which OAuth provider should people log in with?'
            return "The wait ended early: there is news for you below.\n\nNot ended yet:\n...", [question]
        for child in waiting:
            self._carry_out(child)
        lines = [f'{child.id} "{child.title}", succeeded, verified, $0.01' for child in waiting]
        return "\n\n".join([f"{len(waiting)} of {len(waiting)} have ended.", *lines]), []

    def _carry_out(self, player: Player) -> None:
        if player.spec.get("needs"):
            titles = {other.id: other.title for other in self.players}
            assert {titles[need] for need in player.spec["needs"]} <= set(self.merged)
            self._git(self.project, "worktree", "add", "--quiet", "--detach", str(player.place), "HEAD")
        self.live(player, f"# Order: {player.title}\n\nYou are {player.id}.")
        if player.spec.get("workspace") == "read-only":
            assert not self._git(player.place, "status", "--porcelain")
            return
        if not self._passes(player):
            self._fix(player)
            assert self._passes(player), f"{player.title} was not fixed"
        self._commit(player)
        if not self._merges(self.project, self._tip(player)):
            self._git(self.project, "merge", "--abort")
            self._merges(player.place, self._git(self.project, "rev-parse", "HEAD"))
            self._fix(player)
            assert self._passes(player)
            self._commit(player)
            assert self._merges(self.project, self._tip(player))
        self.merged.append(player.title)

    def _fix(self, player: Player) -> None:
        assert player.fixed_by is None, f"{player.title} needs a second fixer"
        player.fixed_by = self._player(f"fix {player.title}", player.depth + 1, player.place, player.spec)
        self.live(player.fixed_by, f"# Order: {player.fixed_by.title}\n\nEvidence: it failed.")

    def _passes(self, player: Player) -> bool:
        """Whether the run's validation passes, or where there is none the acceptance commands."""
        items = [item.removeprefix("$ ") for item in player.spec["acceptance"] if item.startswith("$ ")]
        return all(self._run(player.place, command).returncode == 0 for command in self.scenario.validation or items)

    def _merges(self, place: Path, commit: str) -> bool:
        command = ["git", "merge", "--quiet", "--no-edit", commit]
        return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode == 0

    def _commit(self, player: Player) -> None:
        self._git(player.place, "add", "--all")
        self._git(player.place, "-c", "core.editor=true", "commit", "--quiet", "--allow-empty", "-m", player.title)

    def _tip(self, player: Player) -> str:
        return self._git(player.place, "rev-parse", "HEAD")

    def _run(self, place: Path, command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", command], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(errors="replace"))

    def _git(self, place: Path, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=place, capture_output=True, text=True, check=True)
        return done.stdout.strip()
