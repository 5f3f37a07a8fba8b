"""What every call of the API shares: JSON in and out, one error envelope, who is signed in, the OpenAPI document.

What a client sent is never said back: of a wrong field only its name (where it is one of ours) and what it should be.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

import flask_smorest
from flask import Flask, Request, Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType

from tipline.accounts import Identity
from tipline.errors import DomainError, SignInNeeded
from tipline.web import house
from tipline.web.compress import never_compress
from tipline.web.errors import envelope
from tipline.web.locale import LANGUAGES, use_lang

PREFIX = "/api/v1"
LARGEST = 256 * 1024  # bytes of a body: 64 KiB of text, sealed, padded and written in base64, fit well
BUSY_SECONDS, TOO_MANY_SECONDS = 5, 900  # what a client should wait
_ANSWERS = {
    400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT",
    413: "REQUEST_ENTITY_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE", 429: "TOO_MANY_REQUESTS",
    503: "SERVICE_UNAVAILABLE",
}  # fmt: skip
_NEEDED = _l("This is needed.")
_UNKNOWN = _l("There is a field here that this call does not know.")
_NO_OBJECT = _l("This must be a JSON object.")
_FORM = _l("This is not in the right form.")
_T = TypeVar("_T", bound=Callable[..., Any])


class Invalid(Exception):
    """A body or a question is not in the form that the document asks for: field → what is wrong."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        """Take what is wrong, in the language of the request."""
        self.problems = problems
        super().__init__("invalid")


class ErrorBody(Schema):
    """The one error envelope. ``code`` never changes its meaning; ``message`` is for people."""

    code = fields.String(required=True, metadata={"description": "A stable slug"})
    message = fields.String(required=True, metadata={"description": "In the language asked for: st or en"})
    errors = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "Field → what is wrong with it"},
    )


class StrictJson(DefaultJSONProvider):
    """JSON as RFC 8259 has it: no NaN, and no nesting that breaks the reader."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:  # noqa: ANN401 - JSON
        """Read; ValueError for whatever is not JSON."""
        try:
            return json.loads(s, parse_constant=_refuse, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class BodyParser(FlaskParser):
    """Takes the body that was read already, and says what is wrong without saying what was sent."""

    def load_json(self, req: Request, schema: Schema) -> Any:  # noqa: ANN401, ARG002 - webargs' signature
        """Return the body."""
        return g.body

    def load_querystring(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return what stands behind the question mark; ``stage=`` asks for nothing."""
        given = MultiDict((name, value) for name, value in req.args.items(multi=True) if value)
        return MultiDictProxy(given, schema)

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:  # noqa: ANN401, ARG002 - webargs' signature
        """Raise Invalid."""
        messages = cast("dict[str, dict[str, Any]]", error.messages)
        raise Invalid(_problems(next(iter(messages.values())), schema))


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A group of calls whose bodies are read before anything else looks at them."""

    ARGUMENTS_PARSER = BodyParser()


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest without its error handler: the house words every error itself, and keeps ``Allow`` on a 405."""

    ERROR_SCHEMA = ErrorBody

    def _register_error_handlers(self) -> None:
        """Leave HTTP errors to ``tipline.web.errors``."""


def make_api(app: Flask) -> Api:
    """Start the API of an app: its document, its errors, its way to read JSON."""
    app.json = StrictJson(app)
    app.config.update(
        API_TITLE=app.config["TIPLINE"].name,
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = Api(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})

    @app.errorhandler(Invalid)
    def _invalid(error: Invalid) -> Response:
        return envelope("invalid", 422, dict(error.problems))

    return api


def prepare(blueprint: Blueprint, first: Callable[[], None] | None = None) -> None:
    """Have the calls of a group read their body before anything else; ``first`` may refuse before that."""

    def before() -> None:
        never_compress()
        g.body = None
        if first is not None:
            first()
        if request.method == "POST":
            request.max_content_length = LARGEST
            if not request.is_json:
                raise UnsupportedMediaType
            g.body = request.get_json()
            _use_lang_of_body()

    def after(response: Response) -> Response:
        if response.status_code == 401:  # noqa: PLR2004
            response.headers["WWW-Authenticate"] = "Bearer"
        waits = {429: TOO_MANY_SECONDS, 503: BUSY_SECONDS}.get(response.status_code)
        if waits:
            response.headers.setdefault("Retry-After", str(waits))
        return response

    blueprint.before_request(before)
    blueprint.after_request(after)


def call(
    blueprint: Blueprint, method: str, rule: str, *, body: type[Schema] | None = None,
    query: type[Schema] | None = None, answer: type[Schema] | None = None, status: int = 200,
    also: tuple[int, ...] = (), errors: tuple[int, ...] = (),
    instead: Callable[[], tuple[Any, int] | None] | None = None, bearer: bool = False,
) -> Callable[[_T], _T]:  # fmt: skip
    """Register a view under ``rule``: what it takes, what it answers, which errors the document names.

    ``also`` are other statuses of the same answer. ``instead`` may answer a request that would be refused.
    """

    def decorate(view: _T) -> _T:
        made: Any = view
        if body is not None:
            made = blueprint.arguments(body())(made)  # made once, not for each request
        if query is not None:
            made = blueprint.arguments(query, location="query")(made)
        if instead is not None:
            made = _answered_instead(made, instead)
        made = blueprint.response(status, answer)(made)
        for other in also:
            made = blueprint.alt_response(other, schema=answer, success=True)(made)
        named = {*errors, *((400, 413, 415) if method == "POST" else ()), *((401,) if bearer else ())}
        for error in sorted(named):
            made = blueprint.alt_response(error, _ANSWERS[error])(made)
        made = blueprint.doc(operationId=view.__name__, **({"security": [{"bearer": []}]} if bearer else {}))(made)
        blueprint.route(rule, methods=[method])(made)
        return view

    return decorate


def signed_in() -> Identity:
    """Return whose bearer token the request carries. SignInNeeded."""
    if "who" not in g:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise SignInNeeded
        g.who = house().who(token.strip(), "bearer")
        if not _asks_for_language():
            use_lang(g.who.lang)
    return cast("Identity", g.who)


def _use_lang_of_body() -> None:
    chosen = g.body.get("language") if isinstance(g.body, dict) else None
    if isinstance(chosen, str) and chosen in LANGUAGES and not _asks_for_language():
        use_lang(chosen)


def _asks_for_language() -> bool:
    return request.args.get("lang") in LANGUAGES or bool(request.accept_languages.best_match(list(LANGUAGES)))


def _answered_instead(view: Callable[..., Any], instead: Callable[[], tuple[Any, int] | None]) -> Callable[..., Any]:
    @wraps(view)
    def asked(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the view answers
        try:
            return view(*args, **kwargs)
        except (Invalid, DomainError):
            answer = instead()
            if answer is None:
                raise
            return answer

    return asked


def _problems(messages: object, schema: Schema) -> dict[str, list[str]]:
    """Say what is wrong with each field of ours; a name that the client made up is not said back."""
    if not isinstance(messages, dict):
        return {"body": [str(_NO_OBJECT)]}
    ours = {field.data_key or name: field for name, field in schema.fields.items()}
    problems: dict[str, list[str]] = {}
    for name, said in messages.items():
        field = ours.get(name)
        if name == "_schema":
            problems["body"] = [str(_NO_OBJECT)]
        elif field is None:
            problems.setdefault("body", [str(_UNKNOWN)])
        else:
            missing = isinstance(said, list) and field.error_messages["required"] in said
            problems[name] = [str(_NEEDED if missing else field.metadata.get("form", _FORM))]
    return problems


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("not JSON")
