"""From any exception of the wire to the closed set of `ModelErrorKind`: the one place where failures are named.

The SDK covers part of what goes wrong; the rest surfaces as errors of httpx2, httpcore2, h11, aiohttp, anyio, ssl,
json or the operating system. Must not know how to go on: retries, back-off and money are the kernel's.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ...money import Tokens
from ...outcomes import ModelErrorKind as Kind
from ...ports import ModelError

MESSAGE_CHARACTERS = 500
"""How much of a server's words a person is shown."""

_BY_TYPE = {
    "rate_limit_error": Kind.RATE_LIMIT,
    "overloaded_error": Kind.OVERLOADED,
    "authentication_error": Kind.AUTHENTICATION,
    "permission_error": Kind.PERMISSION,
    "not_found_error": Kind.NOT_FOUND,
    "billing_error": Kind.BILLING,
    "request_too_large": Kind.TOO_LONG,
}
"""`error.type` of the API where it says more than the status."""

_BY_GENERAL_TYPE = {
    "api_error": Kind.SERVER,
    "timeout_error": Kind.SERVER,
    "conflict_error": Kind.SERVER,
    "invalid_request_error": Kind.INVALID,
}

_BY_STATUS = {
    401: Kind.AUTHENTICATION,
    402: Kind.BILLING,
    403: Kind.PERMISSION,
    404: Kind.NOT_FOUND,
    408: Kind.SERVER,
    409: Kind.SERVER,
    413: Kind.TOO_LONG,
    425: Kind.SERVER,
    429: Kind.RATE_LIMIT,
    499: Kind.SERVER,
    529: Kind.OVERLOADED,
}

_SPENT = re.compile(r"credit balance|purchase credits|spend(ing)? limit", re.I)
_BILLING = re.compile(rf"{_SPENT.pattern}|usage limits?\b|payment required", re.I)
_TOO_LONG = re.compile(
    r"prompt is too long|too many (input )?tokens|maximum context length|exceeds? the (maximum )?(context|allowed size)"
    r"|exceeds? (the )?context (limit|window|length)|request (body )?(is )?too large|input is too long",
    re.I,
)
_NOT_CONNECTED = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "ClientConnectorError",
        "ConnectionTimeoutError",
        "gaierror",
        "ConnectionRefusedError",
    }
)
"""Errors of httpx2, aiohttp and the system that come before anything was sent."""
_CONNECTION_PACKAGES = frozenset({"httpx2", "httpcore2", "h11", "h2", "aiohttp", "anyio", "ssl", "socket"})


class WireError(Exception):
    """What the stream says about itself: its words cannot be taken for a message."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def explain(error: BaseException, *, tokens: Tokens | None, text_bytes: int) -> ModelError:
    """The `ModelError` for anything a call can raise, with what was received before it.

    `tokens` None means that the server has not said what the call used. An answer with an error status used none.
    """
    error = _unwrapped(error)
    if isinstance(error, ModelError):
        return error
    kind, message, reached = _kind_of(error)
    response = getattr(error, "response", None)
    status = _status(error)
    if status is not None and status != 200 and tokens is None:
        tokens = Tokens()
    return ModelError(
        kind,
        message[:MESSAGE_CHARACTERS],
        retry_after_ms=None if response is None else retry_after_ms(getattr(response, "headers", {})),
        tokens=tokens if reached else Tokens(),
        text_bytes=text_bytes,
        reached=reached,
    )


def explain_body(body: object, status: int = 200) -> WireError:
    """The error in a body `{"type": "error", "error": {"type": ..., "message": ...}}`, however it arrived."""
    kind, message = _from_api(body, status)
    return WireError(kind, message)


def retry_after_ms(headers: Mapping[str, str], now: float | None = None) -> int | None:
    """How long the server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date. Uncapped."""
    if (ms := _number(headers.get("retry-after-ms"))) is not None:
        return max(0, round(ms))
    value = headers.get("retry-after")
    if (seconds := _number(value)) is not None:
        return max(0, round(seconds * 1000))
    if not value:
        return None
    try:
        at = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0, round((at - (time.time() if now is None else now)) * 1000))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _kind_of(error: BaseException) -> tuple[Kind, str, bool]:
    """The kind, a sentence, and whether the request may have reached the server."""
    words = _words(error)
    if isinstance(error, WireError):
        return error.kind, words, True
    if (status := _status(error)) is not None and not _is_validation(error):
        kind, message = _from_api(getattr(error, "body", None), status)
        return kind, message, True
    names = {kind.__name__ for kind in type(error).__mro__}
    if _is_validation(error) or isinstance(error, (json.JSONDecodeError, msgspec.DecodeError, UnicodeDecodeError)):
        return Kind.MALFORMED, f"the server's answer cannot be read: {words}", True
    if names & {"CredentialsError", "NoCredentialsError"} or (
        isinstance(error, TypeError) and "authentication" in words
    ):
        return Kind.AUTHENTICATION, f"the credentials cannot be used: {words}", False
    if names & {"UnsupportedProtocol", "InvalidURL", "LocalProtocolError", "TooManyRedirects", "CookieConflict"}:
        return Kind.INVALID, f"the request cannot be sent: {words}", False
    if "DecodingError" in names:
        return Kind.MALFORMED, f"the server's answer cannot be unpacked: {words}", True
    if _never_connected(error):
        return Kind.CONNECTION, f"the server cannot be reached: {words}", False
    if names & {"ReadTimeout", "WriteTimeout", "APITimeoutError"}:
        return Kind.STALLED, f"the server went silent: {words}", True
    if (
        "APIConnectionError" in names
        or isinstance(error, (OSError, EOFError))
        or _package(error) in _CONNECTION_PACKAGES
    ):
        return Kind.CONNECTION, f"the connection broke: {words}", True
    return Kind.UNKNOWN, f"unexpected {type(error).__name__}: {words}", True


def _from_api(body: object, status: int) -> tuple[Kind, str]:
    """The kind and the words of an error the API names; by type where it is telling, else by status, then by words."""
    error = body.get("error") if isinstance(body, dict) else None
    fields: dict[str, Any] = error if isinstance(error, dict) else {}
    kind_name, message = str(fields.get("type") or ""), str(fields.get("message") or "")
    if not message:
        message = next((text for text in (error, body) if isinstance(text, str) and text.strip()), f"status {status}")
    details = fields.get("details")
    code = str(details.get("error_code") or "") if isinstance(details, dict) else ""
    kind = _BY_TYPE.get(kind_name) or _BY_STATUS.get(status) or _BY_GENERAL_TYPE.get(kind_name)
    if kind is None:
        kind = Kind.SERVER if status >= 500 or status < 300 else Kind.INVALID
    money = {Kind.INVALID: _BILLING, Kind.PERMISSION: _BILLING, Kind.RATE_LIMIT: _SPENT}.get(kind)
    if "spend_limit" in code or "billing" in code or (money is not None and money.search(message)):
        kind = Kind.BILLING
    elif kind is Kind.INVALID and _TOO_LONG.search(message):
        kind = Kind.TOO_LONG
    label = kind_name or ("" if status < 300 else f"status {status}")
    return kind, message if label in message else f"{label}: {message.strip()}"


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _is_validation(error: BaseException) -> bool:
    return type(error).__name__ == "APIResponseValidationError"


def _never_connected(error: BaseException) -> bool:
    """Whether the request certainly stayed here.

    Over aiohttp a connection that was lost later looks like one that failed: its own error underneath tells them apart.
    """
    beneath = next((one for one in _chain(error) if _package(one) == "aiohttp"), None)
    names = {kind.__name__ for kind in type(error if beneath is None else beneath).__mro__}
    return bool(names & _NOT_CONNECTED)


def _unwrapped(error: BaseException) -> BaseException:
    """The first error inside groups, and what the SDK's connection and timeout errors stand for."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if type(error).__name__ in ("APIConnectionError", "APITimeoutError") and error.__cause__ is not None:
        return _unwrapped(error.__cause__)
    return error


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _package(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _words(error: BaseException) -> str:
    """The most telling words in the chain of `error`."""
    return next((text for one in _chain(error) if (text := " ".join(str(one).split()))), type(error).__name__)


__all__ = ["WireError", "explain", "explain_body", "retry_after_ms"]
