"""Requests and responses, without a socket."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """What a client asks. `user` is known once somebody has logged in."""

    method: str
    path: str
    query: dict = field(default_factory=dict)
    user: str | None = None


@dataclass(frozen=True)
class Response:
    """What a client is told."""

    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)


class HttpError(Exception):
    """A handler's way to say no."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status
