"""The rehearsal on loopback, for any client of the Messages API: `pilothouse rehearse-server`.

Must not know scripts or conversations.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from .service import BrokenStreamError, Rehearsal

HOST = "127.0.0.1"
BODY_BYTES = 64 * 1024 * 1024
"""The longest request taken."""


@asynccontextmanager
async def serve(rehearsal: Rehearsal, *, port: int = 0) -> AsyncIterator[str]:
    """Serve `rehearsal` on loopback until the end of the block. Gives the URL for `ANTHROPIC_BASE_URL`.

    Raises `OSError` if the port is taken; port 0 takes any.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = await rehearsal.answer(request.method, request.path, headers, await request.read())
        if answer.stream is None:
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        await response.prepare(request)
        try:
            async for chunk in answer.stream:
                await response.write(chunk)
        except BrokenStreamError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # the client went away, as one does that cancels
        else:
            await response.write_eof()
        return response

    app = web.Application(client_max_size=BODY_BYTES)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
