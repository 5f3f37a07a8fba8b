"""Who is at the desk: the cookie, the decorator that hands the signed-in person in, and the guard on what is posted.

The cookie goes to ``/desk`` only, so that the reporter's pages and the desk's never share one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l

from tipline.accounts import READERS, SIGNED_IN_FOR, Identity, Started
from tipline.errors import DomainError, NotAllowed, SignInNeeded
from tipline.web import house, words
from tipline.web.errors import MESSAGES, status_of
from tipline.web.headers import allow_scripts
from tipline.web.locale import use_lang_of

COOKIE = "desk"
PATH = "/desk"
ANYBODY = ("caseworker", "supervisor", "trainer", "editor", "donor", "admin")
_SAFE_PATH = re.compile(r"/desk/[A-Za-z0-9/_-]{0,120}", re.ASCII)
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

_FOREIGN = _l("This was sent from another site, so nothing was done. Open the page here and repeat it.")

View = Callable[..., Any]


def signed_in(*roles: str, before_enrolment: bool = False) -> Callable[[View], View]:
    """Hand the signed-in person to a view as its first argument, if their role is one of ``roles``.

    Nobody signed in: a page asks for it, a post is refused. ``before_enrolment`` lets in who has no second factor yet.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**values: Any) -> Any:  # noqa: ANN401 - whatever the view returns
            try:
                who = present()
            except SignInNeeded:
                if request.method not in _SAFE_METHODS:
                    raise
                return redirect(url_for("accounts.sign_in", next=safe_path(request.path)), 303)
            use_lang_of(who.lang)
            if who.must_enrol and not before_enrolment:
                if request.method not in _SAFE_METHODS:
                    raise NotAllowed
                return redirect(url_for("accounts.second_factor.authenticator"), 303)
            if who.role not in roles:
                raise NotAllowed
            return view(who, **values)

        guarded.roles = roles  # type: ignore[attr-defined] # a test over the route table reads it
        return guarded

    return decorate


def present() -> Identity:
    """Return who is signed in. SignInNeeded, also after fifteen minutes in which nobody asked for anything.

    What a page fetches by itself (to look for news) is no sign that anybody is there; browsers tell it apart. The
    desk's script says whether somebody touched the page since it last asked (``X-Look: here``) or not (``again``).
    """
    by_itself = request.method in _SAFE_METHODS and (
        request.headers.get("X-Look") == "again"
        or (request.headers.get("Sec-Fetch-Dest") == "empty" and request.headers.get("X-Look") != "here")
    )
    return house().who(request.cookies.get(COOKIE, ""), "cookie", at_work=not by_itself)


def keep(response: Response, started: Started) -> Response:
    """Give the browser a sign-in: no script reads it, no other site sends it, and it ends by itself."""
    response.set_cookie(
        COOKIE,
        started.token,
        max_age=int(SIGNED_IN_FOR.total_seconds()),
        path=PATH,
        secure=house().settings.base_url.startswith("https:"),
        httponly=True,
        samesite="Strict",
    )
    return response


def forget(response: Response) -> Response:
    """Have the browser forget the sign-in."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Strict")
    return response


def safe_path(path: str) -> str | None:
    """Return a path of the desk that one may be sent to after signing in, or None."""
    return path if _SAFE_PATH.fullmatch(path) and "//" not in path else None


def from_here() -> bool:
    """Say whether a form was sent by a page of this very site.

    Browsers tell by ``Sec-Fetch-Site``, older ones by ``Origin``; what sends neither is no browser, and holds no cookie
    that it did not ask for (``SameSite=Strict`` besides).
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    if origin is None or (origin == "null" and site == "same-origin"):
        return True
    own = urlsplit(house().settings.base_url)
    return origin.lower() in {request.host_url.rstrip("/").lower(), f"{own.scheme}://{own.netloc}".lower()}


def guard(blueprint: Blueprint) -> None:
    """Refuse what other sites post to a blueprint, and put its domain errors on the desk's own page."""

    @blueprint.before_request
    def _own_forms_only() -> Response | None:
        if request.method in _SAFE_METHODS or from_here():
            return None
        return _sorry(_FOREIGN, 403)

    @blueprint.errorhandler(DomainError)
    def _in_words(error: DomainError) -> Response:
        return _sorry(MESSAGES.get(error.code, MESSAGES["error"]), status_of(error), error.code)


def page(template: str, who: Identity | None, **values: Any) -> str:  # noqa: ANN401 - what a template needs
    """Return a page of the desk for this person (None: nobody is signed in)."""
    reads = who is not None and who.role in READERS
    done = words.DONE.get(request.args.get("done", ""))
    now = house().clock()
    if who is not None:
        allow_scripts()
    text = render_template(template, who=who, reads=reads, done=done, words=words, now=now, **values)
    return text.encode(errors="replace").decode()  # a device may have sealed half a character


def _sorry(said: object, status: int, code: str = "") -> Response:
    try:
        who: Identity | None = present()
    except SignInNeeded:
        who = None
    if who is not None:
        use_lang_of(who.lang)
    return Response(page("desk/error.html", who, message=said, code=code), status)
