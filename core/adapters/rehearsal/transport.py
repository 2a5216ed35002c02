"""The rehearsal inside the process: an httpx2 transport beneath the real SDK client. No socket, no key, no port.

Must not know scripts or conversations.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx2

from .service import BrokenStreamError, Rehearsal

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

ADDRESS = "http://rehearsal.invalid"
"""Where the client believes the server to be; nothing is ever sent there."""


class RehearsalTransport(httpx2.AsyncBaseTransport):
    """Hands requests to a `Rehearsal` and brings back what it answers."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to `request`, streamed as it comes."""
        answer = await self._rehearsal.answer(request.method, request.url.path, request.headers, await request.aread())
        stream = answer.stream if answer.stream is not None else _once(answer.body)
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Stream(stream), request=request)


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks:
                yield chunk
        except BrokenStreamError:
            raise httpx2.ReadError("the connection was lost (rehearsed)") from None

    async def aclose(self) -> None:
        close = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def rehearsal_client(rehearsal: Rehearsal) -> AsyncAnthropic:
    """The real SDK client, whose server is `rehearsal`."""
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(
        api_key="rehearsal",
        base_url=ADDRESS,
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=RehearsalTransport(rehearsal), timeout=None),
    )
