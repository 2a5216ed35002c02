"""A connected SDK client: who we are to the server, and over which transport.

The SDK decides where credentials come from and which server is meant (`ANTHROPIC_BASE_URL` among others); nothing
here reads a variable of its own. Must not know conversations.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import NoCredentialsError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

CONNECT_SECONDS = 20.0
"""How long name look-up, TCP and TLS may take together; what comes later is the watchdog's matter."""

_NO_CREDENTIALS = (
    "there is no key for the model: set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN, choose a profile with "
    "ANTHROPIC_PROFILE, or set up workload identity (ANTHROPIC_FEDERATION_RULE_ID, ANTHROPIC_ORGANIZATION_ID and an "
    "identity token); `pilothouse demo` shows everything without one"
)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model the server offers. Sizes are tokens; None where the server does not say."""

    id: str
    name: str
    max_input: int | None = None
    max_output: int | None = None


def connect(*, pooled: bool = True) -> AsyncAnthropic:
    """A client with the SDK's own credentials and none of its retries.

    With `pooled` it runs over aiohttp where that is installed: a fifth of the cost per streamed event, and no scan of
    every connection at each request. Raises `NoCredentialsError`.
    """
    import httpx2
    from anthropic import AnthropicError, AsyncAnthropic, DefaultAioHttpClient, DefaultAsyncHttpxClient

    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    pooled = pooled and importlib.util.find_spec("aiohttp") is not None
    transport = DefaultAioHttpClient(timeout=timeout) if pooled else DefaultAsyncHttpxClient(timeout=timeout)
    try:
        client = AsyncAnthropic(max_retries=0, timeout=timeout, http_client=transport)
    except (AnthropicError, ValueError, OSError) as error:
        raise NoCredentialsError(f"the credentials cannot be used: {error}; {_NO_CREDENTIALS}") from error
    if not _is_authorized(client):
        raise NoCredentialsError(_NO_CREDENTIALS)
    return client


def _is_authorized(client: AsyncAnthropic) -> bool:
    """Whether requests will carry a key, a token or an identity, a custom header included."""
    headers = {name.lower() for name, value in {**client.default_headers, **client.auth_headers}.items() if value}
    return client.credentials is not None or not headers.isdisjoint({"authorization", "x-api-key"})
