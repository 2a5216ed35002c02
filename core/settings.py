"""What a run is started with: flag > `PILOTHOUSE_*` > project > user > default, and every key known.

The project's file is the user's committed one and may only tighten limits: what it asks for beyond the user's own
figure is not heard. It names no endpoints and no keys. Commands it names are told apart, for the caller to ask
whether they are trusted.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from .errors import SettingsError
from .limits import MINUTE, Limits

PROJECT_FILE = "pilothouse.toml"
USER_FILE = "config.toml"
PREFIX = "PILOTHOUSE_"
MOST_MINUTES = 100_000
"""Ten weeks."""
MARKS = frozenset({"PILOTHOUSE_RUN", "PILOTHOUSE_AGENT", "PILOTHOUSE_JOB", "PILOTHOUSE_WARDEN"})
"""Variables that mark processes; they set nothing."""


SHOWN = 80
"""Characters of a wrong value that its sentence shows."""


class WorkspaceSettings(BaseModel):
    """How checkouts are made buildable."""

    model_config = ConfigDict(extra="forbid")

    setup: str | None = Field(None, description="a command run once in every new checkout")
    share: tuple[str, ...] = Field((), description="ignored paths of the project that checkouts see read-only")


class Settings(BaseSettings):
    """Everything that can be set. Money in US dollars, times in minutes."""

    model_config = SettingsConfigDict(
        extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, allow_inf_nan=False
    )

    model: str = Field("claude-sonnet-5-5", min_length=1, description="what agents use unless their spec names another")
    max_cost: Decimal = Field(Decimal(5), gt=0, le=1_000_000, description="dollars a run may cost")
    max_agents: int = Field(32, ge=1, le=100_000, description="agents a run may have")
    max_running: int = Field(8, ge=1, le=10_000, description="agents that may work at once")
    max_depth: int = Field(2, ge=0, le=1_000, description="how deep agents may nest")
    max_children: int = Field(12, ge=1, le=100_000, description="agents one agent may spawn")
    run_minutes: float = Field(120, gt=0, le=MOST_MINUTES, description="how long a run may take")
    agent_minutes: float = Field(15, gt=0, le=MOST_MINUTES, description="running time of one agent")
    bash_minutes: float = Field(10, gt=0, le=MOST_MINUTES, description="how long one command may take")
    max_load: float = Field(2, gt=0, le=10_000, description="load per core beyond which new agents wait")
    validation: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="commands that must pass after each writer and at the end"
    )
    sandbox: str = Field("S0", pattern=r"^S[0-3]$", description="the lowest sandbox level to run tools at")
    background: bool = Field(True, description="tools get the processor only when nobody else wants it")
    workspace: WorkspaceSettings = Field(
        WorkspaceSettings(setup=None, share=()), description="how checkouts are made buildable"
    )

    @field_validator("validation", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        """One command alone will do; a variable of the environment may hold several as a JSON list."""
        if not isinstance(value, str):
            return value
        try:
            several = json.loads(value)
        except ValueError:
            return (value,)
        return several if isinstance(several, list) else (value,)

    def limits(self) -> Limits:
        """The caps of a run."""
        return Limits(
            max_depth=self.max_depth,
            max_running=self.max_running,
            max_agents=self.max_agents,
            max_children=self.max_children,
            max_cost_usd=self.max_cost,
            run_ms=round(self.run_minutes * MINUTE),
            agent_ms=round(self.agent_minutes * MINUTE),
            bash_ms=round(self.bash_minutes * MINUTE),
            max_load_per_core=self.max_load,
        )


CAPS = frozenset(
    {
        "max_cost",
        "max_agents",
        "max_running",
        "max_depth",
        "max_children",
        "run_minutes",
        "agent_minutes",
        "bash_minutes",
        "max_load",
    }
)
"""What a project may lower and not raise."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings that hold, and where each one that was set comes from."""

    settings: Settings
    origin: Mapping[str, str]
    project_commands: Mapping[str, object]
    """The commands that hold because the project names them, by key: to be run only if they are trusted."""


def resolve(flags: Mapping[str, Any], project: bytes | None, user: bytes | None) -> Resolved:
    """The settings that hold, from the flags given and the contents of the project's and the user's file.

    Raises `SettingsError` that names the key, the file and what is wrong.
    """
    layers = [
        ("user", USER_FILE, _parse(user, USER_FILE)),
        ("project", PROJECT_FILE, _parse(project, PROJECT_FILE)),
        ("environment", PREFIX + "*", _environment()),
        ("flag", "the command line", {key: value for key, value in flags.items() if value is not None}),
    ]
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, where, layer in layers:
        valid = _check(layer, where)
        for key in layer:
            value = getattr(valid, key)
            if name == "project" and not _tightens(key, value, merged.get(key, Settings.model_fields[key].default)):
                continue
            merged[key] = value
            origin[key] = name
    commands: dict[str, object] = {}
    if origin.get("validation") == "project":
        commands["validation"] = list(merged["validation"])
    if origin.get("workspace") == "project" and merged["workspace"].setup is not None:
        commands["workspace.setup"] = merged["workspace"].setup
    return Resolved(Settings.model_construct(**{**_defaults(), **merged}), origin, commands)


def _tightens(key: str, value: Any, allowed: Any) -> bool:
    """Whether a project may set `key` to `value` where the user's own word is `allowed`."""
    if key == "background":
        return bool(value) and not allowed
    if key == "sandbox":
        return bool(value > allowed)
    return key not in CAPS or bool(value < allowed)


def _defaults() -> dict[str, Any]:
    return {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}


def _parse(raw: bytes | None, where: str) -> dict[str, Any]:
    if raw is None:
        return {}
    try:
        return tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{where} cannot be read: {problem}") from problem


def _environment() -> dict[str, Any]:
    for name in os.environ:
        key = name.removeprefix(PREFIX).partition("__")[0].lower()
        if name.startswith(PREFIX) and name not in MARKS and key not in Settings.model_fields:
            raise SettingsError(f"{name} is set, but there is no setting {key}; there are {_known()}")
    try:
        return EnvSettingsSource(Settings)()
    except UnreadableError as problem:
        key = getattr(problem, "field_name", None) or "workspace"
        raise SettingsError(f"{PREFIX}{key.upper()} cannot be read: {problem.__cause__ or problem}") from problem


def _check(layer: Mapping[str, Any], where: str) -> Settings:
    unknown = [key for key in layer if key not in Settings.model_fields]
    if unknown:
        raise SettingsError(f"{where} has no setting {unknown[0]}; there are {_known()}")
    try:
        return _Layer.model_validate(dict(layer))
    except ValidationError as problem:
        error = problem.errors(include_url=False)[0]
        key = ".".join(str(part) for part in error["loc"])
        if error["type"] == "extra_forbidden":
            raise SettingsError(f"{where} has no setting {key}") from problem
        given = repr(error["input"])
        shown = given if len(given) <= SHOWN else f"{given[:SHOWN]}…"
        raise SettingsError(f"{where}: {key} = {shown} is wrong: {error['msg'].lower()}") from problem


class _Layer(Settings):
    """One layer alone: only what is given counts."""

    @classmethod
    def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, **_: Any) -> tuple[Any, ...]:  # type: ignore[override]
        return (init_settings,)


def _known() -> str:
    return ", ".join(Settings.model_fields)
