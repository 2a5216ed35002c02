"""The one tree of errors a person or a caller may see.

Every error says what happened, where, and what to do next, in one sentence. The exit code it carries is the
one the command line ends with.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line ends with; documented in the README and the same for every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    BLOCKED = 3
    LIMIT = 4
    KILLED = 5
    UNVERIFIED = 6
    TIMED_OUT = 124
    INTERRUPTED = 130


class PilothouseError(Exception):
    """Anything that went wrong and can be explained in one sentence."""

    exit_code = ExitCode.FAILED


class UsageError(PilothouseError):
    """What was asked for cannot be done as asked: wrong words, wrong place, wrong settings."""

    exit_code = ExitCode.USAGE


class SettingsError(UsageError):
    """A settings file or variable holds something that is not understood."""


class RunNotFoundError(UsageError):
    """No run matches, or several do."""


class EngineGoneError(PilothouseError):
    """The run's engine does not answer."""


class JournalLockedError(PilothouseError):
    """Another engine already writes this run's journal."""


class JournalDamagedError(PilothouseError):
    """The journal cannot be read as one."""


class WorkspaceError(PilothouseError):
    """A checkout could not be made, committed, merged or landed. The user's tree was left as it was."""


class SandboxError(PilothouseError):
    """The sandbox is below the level the settings demand."""


class NoCredentialsError(UsageError):
    """There is no way to reach a model: the SDK found no key, profile or identity."""
