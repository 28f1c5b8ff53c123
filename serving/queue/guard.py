"""The guard of the pages: no other site may frame them, script them or send their forms.

Everything here fails closed: a request that does not prove that it comes from a page of ours
changes nothing.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from hmac import compare_digest
from typing import Any, Final, TypeAlias

from fastapi import Request

from interlock.runtime.errors import InterlockError
from interlock.serving.queue.cookie import session_cookie

#: Nothing runs and nothing is fetched but what this server serves as a file
CONTENT_SECURITY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HEADERS: Final = [
    (name.lower().encode(), value.encode()) for name, value in HEADERS.items()
]
TOKEN_HEADER: Final = "X-CSRF-Token"  # noqa: S105 - the name of a header
TOKEN_FIELD: Final = "csrf"  # noqa: S105 - the name of a field
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Forms that are sent before there is a session
_WITHOUT_SESSION: Final = ("/sign-in",)
STATIC: Final = "/static/"
_NOT_KEPT: Final = (b"cache-control", b"no-store")
#: The address of a file changes with the files
_KEPT: Final = (b"cache-control", b"private, max-age=86400")


Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


class NotOurForm(InterlockError):
    """A form was sent by another site, or by a page of a session that is over; it is not taken."""

    exit_code = 4

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"The form was not taken: {why}. Open its page again.")


class Guarded:
    """Puts the headers of a page on every answer, and keeps pages out of every cache."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_file = scope["path"].startswith(STATIC)
                kept = _KEPT if is_file else _NOT_KEPT
                message["headers"] = [*message["headers"], *_HEADERS, kept]
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


async def our_form(request: Request) -> None:
    """Refuse what changes anything unless a page of this session sent it; raises `NotOurForm`.

    The browser says from which site the request comes. The token is the session's own: a form has
    it in a field, and htmx in a header.
    """
    if request.method in _SAFE:
        return
    if not _is_same_site(request):
        raise NotOurForm("another site sent it")
    if request.url.path.startswith(_WITHOUT_SESSION):
        return
    cookie = session_cookie(request)
    shown = await _token(request)
    wanted = request.app.state.doorkeeper.csrf_token(cookie) if cookie else ""
    if not wanted or not compare_digest(shown.encode(), wanted.encode()):
        raise NotOurForm("its token is not that of your session")


def _is_same_site(request: Request) -> bool:
    """Whether the browser says that a page of this server sent the request.

    Without the browser's own word the origin must be this server.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    return origin == f"{request.url.scheme}://{request.url.netloc}"


async def _token(request: Request) -> str:
    if "HX-Request" in request.headers:
        return request.headers.get(TOKEN_HEADER, "")
    form = await request.form()
    return str(form.get(TOKEN_FIELD, ""))
