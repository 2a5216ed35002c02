"""All tools by name: which ones an agent gets, how a call is read, and who carries it out.

A new tool is one new file here and one line in `perform` or in `team.FUNCTIONS`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError, validate_call

from ..ids import CallId
from ..outcomes import ToolCall
from ..ports import Block
from ..spec import Spec, WorkspaceKind
from . import bash, files, response, team
from .context import Arguments, ToolContext, ToolResult

BRIEF = 100
"""Characters of a call's brief."""


class Toolbox:
    """Every tool there is. Making one imports the SDK."""

    @cached_property
    def _schemas(self) -> dict[str, Mapping[str, Any]]:
        # The schemas of the file tools do not depend on the folder they are confined to.
        tools = [
            *files.file_tools(Path(tempfile.gettempdir())).values(),
            bash.bash_tool(),
            response.response_tool(),
            *team.team_tools(),
        ]
        return {tool.name: tool.to_dict() for tool in tools}

    @cached_property
    def _commands(self) -> dict[str, Any]:
        return {function.__name__: validate_call(function) for function in team.FUNCTIONS}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all tools."""
        return tuple(self._schemas)

    def schemas(self, spec: Spec) -> list[Mapping[str, Any]]:
        """The tools an agent with `spec` may call, in API form. The team tools are never taken away."""
        return [schema for name, schema in self._schemas.items() if self._has(spec, name)]

    def _has(self, spec: Spec, name: str) -> bool:
        if name in self._commands:
            return True
        if name in files.WRITING and spec.workspace is WorkspaceKind.READ_ONLY:
            return False
        return spec.tools is None or name in spec.tools

    async def read_call(self, block: Block, spec: Spec) -> ToolCall:
        """What the model asks for in a `tool_use` block, checked; a sentence it can act on where that fails."""
        name, call_id = str(block["name"]), CallId(str(block["id"]))
        given: object = block["input"]
        if name not in self._schemas or not self._has(spec, name):
            have = ", ".join(other for other in self._schemas if self._has(spec, other))
            return ToolCall(call_id, name, name, error=f"you have no tool {name}; you have {have}")
        if not isinstance(given, dict):
            return ToolCall(call_id, name, name, error=f"{name}: the input must be an object")
        arguments: Arguments = given
        command = self._commands.get(name)
        try:
            if command is not None:
                return ToolCall(call_id, name, brief(name, arguments), command=await command(**arguments))
            self._check(name, arguments)
        except ValidationError as problem:
            return ToolCall(call_id, name, name, error=f"{name}: {sentence(problem)}")
        except (TypeError, ValueError, OverflowError) as problem:
            return ToolCall(call_id, name, name, error=f"{name}: {problem}")
        return ToolCall(call_id, name, brief(name, arguments))

    def _check(self, name: str, arguments: Arguments) -> None:
        """Look at the names of the arguments; the types are checked when the call is carried out."""
        schema = self._schemas[name]["input_schema"]
        missing = [key for key in schema.get("required", ()) if key not in arguments]
        if missing:
            raise TypeError(f"{', '.join(missing)} is missing")
        unknown = [key for key in arguments if key not in schema["properties"]]
        if unknown:
            raise TypeError(f"there is no {', '.join(unknown)}; there is {', '.join(schema['properties'])}")

    async def perform(self, name: str, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Carry out a call that is not the kernel's."""
        if name == "bash":
            return await bash.perform(context, arguments)
        if name == "read_response":
            return await response.perform(context, arguments)
        return await files.perform(name, context, arguments)


def sentence(problem: ValidationError) -> str:
    """What is wrong with an input, in words the model can act on."""
    found = []
    for error in problem.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in error["loc"]) or "input"
        match error["type"]:
            case "missing" | "missing_argument":
                found.append(f"{where} is missing")
            case "unexpected_keyword_argument" | "extra_forbidden":
                found.append(f"there is no {where}")
            case _:
                found.append(f"{where}: {error['msg']}")
    return "; ".join(found)


def brief(name: str, arguments: Arguments) -> str:
    """A call in a few words, for a person."""
    if name == "bash":
        return bash.brief(str(arguments.get("command", "")))[:BRIEF]
    for key in ("file_path", "pattern", "id", "question", "outcome", "question_id", "ids"):
        if key in arguments:
            return _one_line(f"{name} {arguments[key]}")
    if isinstance(arguments.get("spec"), dict):
        return _one_line(f"{name} {arguments['spec'].get('title', '')}")
    return name


def _one_line(text: str) -> str:
    return " ".join(text.split())[:BRIEF]
