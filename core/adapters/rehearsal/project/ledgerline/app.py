"""The service as one function from a request to a response."""

from . import routes
from .web import HttpError, Response


def handle(request, ledger):
    """Answer `request` from `ledger`."""
    found = routes.find(request.method, request.path)
    if found is None:
        return Response(404, {"error": "no such page"})
    handler, needs_user = found
    if needs_user and request.user is None:
        return Response(401, {"error": "log in first"})
    try:
        return handler(request, ledger)
    except HttpError as error:
        return Response(error.status, {"error": str(error)})
