"""Everything an engine works with, put together for one run: which adapter stands behind which port."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

from ..adapters.anthropic_model.client import connect
from ..adapters.anthropic_model.model import AnthropicModel
from ..adapters.git.project import Project, inspect, locate, read_committed, workspaces_root
from ..adapters.git.trust import Trust, digest_of
from ..adapters.git.workspaces import GitWorkspaces
from ..adapters.rehearsal.scenario import load
from ..adapters.rehearsal.service import Rehearsal
from ..adapters.rehearsal.transport import rehearsal_client
from ..adapters.wardens.processes import WardenProcesses
from ..errors import UsageError
from ..events import RunStarted
from ..ids import ORCHESTRATOR, RunId
from ..places import config_home, state_home
from ..ports import Model
from ..prompts import text
from ..settings import PROJECT_FILE, USER_FILE, Resolved, resolve
from ..spec import Spec
from ..tools.toolbox import Toolbox
from .start import RunOrder

REHEARSED_STALL_SECONDS = 5.0
"""How long a rehearsed call may go without progress: its script says at once what it has to say."""
INSTRUCTION_FILES = ("AGENTS.md", "CLAUDE.md")
INSTRUCTION_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that may begin: its first event, and what a person should know."""

    started: RunStarted
    processes: WardenProcesses
    notes: list[str] = field(default_factory=list)


async def prepare(order: RunOrder, run_id: RunId, toolbox: Toolbox) -> Prepared:
    """Look at everything that can be wrong before money is spent. Raises errors with one sentence each."""
    project = await inspect(Path(order.project), allow_dirty=order.allow_dirty, run_id=run_id)
    resolved = await settings_of(project, order.flags)
    settings = resolved.settings
    refuse_untrusted(project.root, resolved)
    validation = settings.validation
    if order.rehearsal is not None:
        scenario = load(order.rehearsal)
        validation = validation or scenario.validation
    else:
        # Constructing the client is how the SDK says whether there are credentials.
        await (await asyncio.to_thread(connect)).close()
    instructions = await project_instructions(project)
    schemas = toolbox.schemas(Spec(title="", outcome="", acceptance=()))
    overhead = len(json.dumps([dict(schema) for schema in schemas]).encode()) + len(instructions.encode())
    overhead += len(text("everybody").encode()) + len(text("orchestrator").encode())
    processes = WardenProcesses(run_id, minimum=settings.sandbox, background=settings.background)
    level = await processes.self_test()
    notes = list(project.notes)
    if level != "S3":
        notes.append(f"tools run at sandbox level {level}, not S3: `pilothouse doctor` will say why")
    started = RunStarted(
        run_id=run_id,
        goal=order.goal,
        project=str(project.root),
        base=project.head,
        base_branch=project.branch,
        limits=settings.limits(),
        model=settings.model,
        validation=validation,
        rehearsal=order.rehearsal,
        speed=order.speed,
        land=order.land,
        setup=settings.workspace.setup,
        share=settings.workspace.share,
        sandbox_minimum=settings.sandbox,
        background=settings.background,
        instructions=instructions,
        overhead_bytes=overhead,
        sandbox=level,
    )
    return Prepared(started, processes, notes)


async def take_up(started: RunStarted) -> WardenProcesses:
    """What runs the tools of a run that goes on. Raises `SandboxError` if it cannot be held as strictly as it must."""
    processes = WardenProcesses(started.run_id, minimum=started.sandbox_minimum, background=started.background)
    await processes.self_test()
    return processes


async def settings_of(project: Project, flags: dict[str, object]) -> Resolved:
    """The settings that hold in `project`."""
    user = config_home() / USER_FILE
    committed = await read_committed(project, PROJECT_FILE)
    return resolve(flags, committed, user.read_bytes() if user.exists() else None)


def trust_store() -> Trust:
    """Where this user's agreements are."""
    return Trust(config_home() / "trusted")


def refuse_untrusted(root: Path, resolved: Resolved) -> None:
    """Raise `UsageError` if the project names commands that the user has not agreed to."""
    commands = resolved.project_commands
    if commands and not trust_store().is_trusted(root, digest_of(commands)):
        named = "; ".join(f"{key} = {value}" for key, value in commands.items())
        raise UsageError(f"{PROJECT_FILE} names commands you have not agreed to ({named}): see `pilothouse trust`")


async def project_instructions(project: Project) -> str:
    """The project's own instructions to agents, as committed: the first of AGENTS.md and CLAUDE.md there is."""
    for name in INSTRUCTION_FILES:
        found = await read_committed(project, name)
        if found is not None:
            return found[:INSTRUCTION_BYTES].decode(errors="replace")
    return ""


def make_model(started: RunStarted) -> Model:
    """The model of a run: the real client, or the rehearsal behind it."""
    if started.rehearsal is None:
        return AnthropicModel(connect)
    rehearsal = Rehearsal(load(started.rehearsal), speed=started.speed)
    return AnthropicModel(lambda: rehearsal_client(rehearsal), stall_seconds=REHEARSED_STALL_SECONDS)


def make_workspaces(started: RunStarted, processes: WardenProcesses) -> GitWorkspaces:
    """The checkouts of a run."""
    project = Path(started.project)
    return GitWorkspaces(
        project,
        started.run_id,
        started.base,
        workspaces_root(state_home().parent, project, started.run_id),
        branch=started.base_branch,
        processes=processes,
        setup=started.setup,
        share=started.share,
    )


__all__ = ["ORCHESTRATOR", "Prepared", "locate", "make_model", "make_workspaces", "prepare", "take_up", "trust_store"]
