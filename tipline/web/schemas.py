"""The forms of what the API takes and answers.

``form`` in a field's metadata is what a person is told when what came is not in that form.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from tipline import places
from tipline.intake import CATEGORIES
from tipline.lifecycle import RESULTS, STAGES
from tipline.queue import PRIORITIES

_IS_TEXT = _l("This must be text, and not too long.")
_ANY = 256 * 1024  # more than any use case takes: it says itself what is too long
_MOST = 1_000_000  # clients of one matter; nobody has more


class Text(fields.String):
    """Text without what no database and no phone can carry: lone surrogates and NUL."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:  # noqa: ANN401 - marshmallow's signature
        text = str(super()._deserialize(value, attr, data, **kwargs))
        return text.encode(errors="replace").decode().replace("\0", "")


class Flag(fields.Boolean):
    """True or false, and nothing that looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:  # noqa: ANN401, ARG002 - marshmallow's signature
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Bytes(fields.String):
    """Bytes in base64 (RFC 4648 §4)."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bytes:  # type: ignore[override] # noqa: ANN401 - marshmallow's signature
        try:
            return base64.b64decode(super()._deserialize(value, attr, data, **kwargs), validate=True)
        except ValueError:
            raise self.make_error("invalid") from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ANN401 - marshmallow's signature
        return super()._serialize(base64.b64encode(value).decode(), attr, obj, **kwargs)


class Body(Schema):
    """What a call takes: these fields and no others."""

    class Meta:
        """A field that is not known is refused: it would be a wish that nobody fulfils."""

        unknown = RAISE


def string(longest: int, *, shortest: int = 0, required: bool = False, what: str = "", **more: Any) -> Text:  # noqa: ANN401 - of a field
    """Return a field for text; optional ones may be null."""
    length = validate.Length(min=shortest, max=longest)
    return Text(
        required=required,
        allow_none=not required,
        validate=length,
        metadata={"form": _IS_TEXT, "description": what, **more},
    )


def choice(choices: Iterable[str], *, required: bool = False, listed: str = "") -> Text:
    """Return a field for one of some slugs."""
    all_choices = list(choices)
    form = _l("This must be one of: %(choices)s.", choices=listed or ", ".join(all_choices))
    return Text(
        required=required, allow_none=not required, validate=validate.OneOf(all_choices), metadata={"form": form}
    )


def _flag() -> Flag:
    return Flag(allow_none=True, metadata={"form": _l("This must be true or false.")})


def _count(what: str) -> fields.Integer:
    form = _l("This must be a whole number, 0 or more.")
    return fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(min=0, max=_MOST),
        metadata={"form": form, "description": what},
    )


def _time(what: str) -> fields.DateTime:
    return fields.DateTime(format="iso", metadata={"description": what + " (ISO 8601, UTC)"})


# ------------------------------------------------------------------------------------------------ reporters


class SealedBody(Body):
    """A story that the reporter's device sealed; docs/api.md has the layout."""

    suite = fields.Integer(required=True, strict=True, validate=validate.Equal(1))
    body = Bytes(required=True, metadata={"format": "byte"})
    wraps = fields.Dict(
        required=True,
        keys=Text(validate=validate.Regexp(r"^[0-9a-f]{16}\Z")),
        values=Bytes(metadata={"format": "byte"}),
        validate=validate.Length(min=1, max=100),
        metadata={"description": "Key id → the content key, wrapped for that key"},
    )


class TipBody(Body):
    """A report. ``text`` or ``sealed``; everything else helps and may be left out."""

    text = string(_ANY, what="What happened, in any words; at most 64 KiB of UTF-8")
    sealed = fields.Nested(
        SealedBody,
        allow_none=True,
        metadata={"form": _l("This must be a sealed report in the form that the documents describe.")},
    )
    language = choice(("st", "en"))
    category = choice(CATEGORIES)
    place = string(200, what="A slug of a district or port, or free text")
    danger_now = _flag()
    child = _flag()
    happening = string(200, what="now, today, week, past, or free text")
    contact = string(40, what="A phone number as typed; giving it is consent to a text that says a message waits")
    excluded = fields.List(
        Text(validate=validate.Length(max=40)),
        data_key="exclude",
        allow_none=True,
        validate=validate.Length(max=50),
        metadata={
            "form": _l("This must be a list of names of offices."),
            "description": "Slugs of desks that must not see it",
        },
    )
    client_id = Text(
        allow_none=True,
        validate=validate.Regexp(r"^[A-Za-z0-9_-]{1,64}\Z"),
        metadata={
            "form": _l("This must be 1 to 64 letters, digits, - or _."),
            "description": "The same id is the same tip, whatever else is sent with it",
        },
    )

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_: Any) -> None:  # noqa: ANN401 - marshmallow's signature
        if data.get("sealed") is not None and data.get("text"):
            raise ValidationError("text and sealed", field_name="sealed")


class TipReceipt(Schema):
    """The sixteen digits, or null where they may not be said again."""

    receipt = fields.String(required=True, allow_none=True)


class DeskKeyOut(Schema):
    """A desk's present public key."""

    id = fields.String(required=True, metadata={"description": "The first 8 bytes of SHA-256(public_key), as hex"})
    version = fields.Integer(required=True)
    desk = fields.String(required=True)
    name = fields.Dict(required=True, keys=fields.String(), values=fields.String())
    public_key = Bytes(required=True, metadata={"format": "byte", "description": "P-256, 65 bytes, uncompressed"})


class KeysOut(Schema):
    """What a device needs to seal a story; docs/api.md has the layout."""

    instance = fields.String(required=True)
    suite = fields.Integer(required=True)
    kem = fields.Integer(required=True, metadata={"description": "As RFC 9180 §7 numbers it"})
    kdf = fields.Integer(required=True)
    aead = fields.Integer(required=True)
    label = fields.String(required=True)
    entry = fields.String(required=True)
    late_hours = fields.Integer(required=True, metadata={"description": "How long a replaced key is still taken"})
    keys = fields.List(fields.Nested(DeskKeyOut), required=True)


class ReceiptBody(Body):
    """A receipt as typed."""

    receipt = string(64, required=True, what="Sixteen digits; spaces and dashes do not matter")


class MessageOut(Schema):
    """One message of a thread; ``hour`` is when, rounded down."""

    sender = fields.String(data_key="from", required=True, validate=validate.OneOf(("desk", "reporter")))
    text = fields.String(required=True)
    hour = _time("Rounded down to the hour")


class ThreadOut(Schema):
    """What a receipt opens: never the story itself."""

    stage = fields.String(required=True, validate=validate.OneOf(STAGES))
    messages = fields.List(fields.Nested(MessageOut), required=True)


class SayMoreBody(Body):
    """More words from a reporter."""

    receipt = string(64, required=True)
    text = string(_ANY, required=True)


class NothingOut(Schema):
    """An empty object."""


class SignInBody(Body):
    """Name, password and, where it is asked for, a one-time code."""

    username = string(200, required=True)
    password = string(1024, required=True, format="password")
    totp = string(40)


class SignInOut(Schema):
    """A bearer token; it alone opens the person's key."""

    token = fields.String(required=True)
    expires_at = _time("When it ends")


# ------------------------------------------------------------------------------------------------ desks


class TipsQuery(Schema):
    """What to show of a queue."""

    stage = choice(STAGES)
    priority = choice(PRIORITIES)
    place = choice(places.ALL, listed="maseru, maseru-bridge …")
    cursor = string(60)


class TipOut(Schema):
    """A tip as a queue shows it: nothing of it is sealed."""

    id = fields.String(required=True)
    reference = fields.String(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(("web", "sms", "ussd")))
    language = fields.String(required=True, validate=validate.OneOf(("st", "en")))
    received_at = fields.DateTime(format="iso", required=True)
    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    reasons = fields.List(fields.String(), required=True)
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    place = fields.String(required=True, allow_none=True)
    stage = fields.String(required=True, validate=validate.OneOf(STAGES))
    desk = fields.String(required=True, metadata={"description": "The leading desk"})
    unread = fields.Boolean(required=True)


class TipsOut(Schema):
    """A page of tips; ``next`` is null at the end."""

    tips = fields.List(fields.Nested(TipOut), required=True)
    next = fields.String(required=True, allow_none=True)


class EntryOut(Schema):
    """One entry of a thread; ``text`` is null where this desk cannot open it."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    sender = fields.String(data_key="from", required=True, validate=validate.OneOf(("desk", "reporter")))
    desk = fields.String(required=True, allow_none=True)
    account = fields.String(required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)
    at = _time("When it was written")
    read = fields.Boolean(required=True)
    delivery = fields.String(required=True, allow_none=True, metadata={"description": "Of an answer sent by SMS"})


class EventOut(Schema):
    """What was done, by whom, when: codes, no content."""

    kind = fields.String(required=True)
    at = _time("When")
    desk = fields.String(required=True, allow_none=True)
    account = fields.String(required=True, allow_none=True)
    data = fields.Dict(required=True, keys=fields.String())


class ReferralOut(Schema):
    """One desk asked another."""

    id = fields.Integer(required=True)
    sender = fields.String(data_key="from", required=True)
    to = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("offered", "accepted", "declined")))
    reason = fields.String(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)
    at = _time("When it was offered")


class WholeTipOut(TipOut):
    """A tip, opened. The reporter's number is not in it."""

    text = fields.String(required=True, allow_none=True)
    answers = fields.Dict(required=True, keys=fields.String())
    thread = fields.List(fields.Nested(EntryOut), required=True)
    events = fields.List(fields.Nested(EventOut), required=True)
    referrals = fields.List(fields.Nested(ReferralOut), required=True)
    can_reply = fields.Boolean(required=True)


class MoveBody(Body):
    """Where to move a tip."""

    to = choice(STAGES, required=True)
    reason = string(_ANY)


class ReferBody(Body):
    """Which desk to ask, and why."""

    desk = string(40, required=True, shortest=1)
    reason = string(_ANY, required=True)


class AnswerBody(Body):
    """Whether a desk takes what it was offered."""

    answer = choice(("accept", "decline"), required=True)
    reason = string(_ANY)


class WordsBody(Body):
    """A reply or a note."""

    text = string(_ANY, required=True)


class OutcomeBody(Body):
    """How a matter ended: counts, no names."""

    result = choice(RESULTS, required=True)
    identified = _count("Victims identified")
    clients_served = _count("Clients the shelter served")
    residential = _count("Of these, stayed in the shelter")
    reintegrated = _count("Of these, back home")
    non_residential = _count("Of these, still helped")
    note = string(_ANY)


class StageOut(Schema):
    """The stage after it."""

    stage = fields.String(required=True, validate=validate.OneOf(STAGES))


class ClosedOut(StageOut):
    """The stage after it: unchanged where closing without action waits for a supervisor."""

    waits_for_approval = fields.Boolean(metadata={"description": "True where it waits, else left out"})


class ReferredOut(StageOut):
    """A referral and the stage after it."""

    id = fields.Integer(required=True)


class AnsweredOut(StageOut):
    """What became of a referral, and the stage after it."""

    state = fields.String(required=True, validate=validate.OneOf(("accepted", "declined")))


class AddedOut(Schema):
    """The id of a new entry of the thread."""

    id = fields.Integer(required=True)


class SearchBody(Body):
    """Words to look for; all of them must be there."""

    q = string(200, required=True, shortest=1)
    cursor = string(60)
