"""The API, public side: tell, seal, come back, sign in. ``desk_api`` has the other side; docs/api.md describes both."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, g

from tipline import accounts, desks, followup, phones
from tipline.intake import STORY_UID, Report, SealedStory
from tipline.phones import Phone
from tipline.sealing.envelope import AEAD_ID, KDF_ID, KEM_ID, LABEL, SUITE_P256
from tipline.web import desk_api, house, schemas
from tipline.web.api_base import PREFIX, Blueprint, call, make_api, prepare, signed_in
from tipline.web.limits import bounded_sign_ins
from tipline.web.locale import LANGUAGES

blueprint = Blueprint("api", __name__, url_prefix=PREFIX, description="For reporters, and to sign in")
prepare(blueprint)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def init_api(app: Flask) -> None:
    """Register the API."""
    api = make_api(app)
    api.register_blueprint(blueprint)
    api.register_blueprint(desk_api.blueprint)


def _sent_before() -> tuple[Any, int] | None:
    """Answer a repeated ``client_id`` with its tip, whatever is wrong with what else is sent now."""
    client_id = g.body.get("client_id") if isinstance(g.body, dict) else None
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        return None
    done = house().again(client_id)
    return None if done is None else ({"receipt": done.receipt}, 200)


@call(
    blueprint, "POST", "/tips", body=schemas.TipBody, answer=schemas.TipReceipt, status=201, also=(200,),
    errors=(503,), instead=_sent_before,
)  # fmt: skip
def send_tip(body: dict[str, Any]) -> tuple[dict[str, str | None], int]:
    """Tell what happened; the receipt opens the thread later.

    201 for a new tip, 200 for one that was sent before under the same ``client_id``.
    """
    sealed, contact = body.get("sealed"), (body.get("contact") or "").strip()
    done = house().take_in(
        Report(
            channel="web",
            text=body.get("text") or "",
            language=body.get("language"),
            category=body.get("category"),
            place=(body.get("place") or "").strip() or None,
            danger_now=body.get("danger_now"),
            child=body.get("child"),
            happening=(body.get("happening") or "").strip() or None,
            exclude=tuple(dict.fromkeys(body.get("excluded") or ())),
            phone=Phone(phones.parse(contact)) if contact else None,
            client_id=body.get("client_id"),
            sealed=SealedStory(sealed["body"], sealed["wraps"]) if sealed else None,
        )
    )
    return {"receipt": done.receipt}, 201 if done.is_new else 200


@call(blueprint, "GET", "/keys", answer=schemas.KeysOut, errors=(503,))
def desk_keys() -> dict[str, Any]:
    """Get the desks' public keys, and what a device needs to seal a story to them."""
    with house().database.read() as session:
        known = desks.all_desks(session).values()
    return {
        "instance": house().keys.instance,
        "suite": SUITE_P256,
        "kem": KEM_ID,
        "kdf": KDF_ID,
        "aead": AEAD_ID,
        "label": LABEL,
        "entry": STORY_UID,
        "late_hours": int(desks.LATE.total_seconds() // 3600),
        "keys": [
            {
                "id": desk.key.id,
                "version": desk.version,
                "desk": desk.slug,
                "name": {lang: desk.name(lang) for lang in LANGUAGES},
                "public_key": desk.key.point,
            }
            for desk in known
            if desk.key is not None
        ],
    }


@call(blueprint, "POST", "/receipts/open", body=schemas.ReceiptBody, answer=schemas.ThreadOut, errors=(404, 503))
def open_receipt(body: dict[str, Any]) -> dict[str, Any]:
    """Open a thread with its receipt: the stage and the messages, never the story."""
    opens = followup.unlock_receipt(body["receipt"], house().keys)
    with house().database.write() as session:
        thread = followup.open_thread(session, opens, keys=house().keys, now=house().clock())
    return {"stage": thread.stage, "messages": thread.lines}


@call(
    blueprint, "POST", "/receipts/messages", body=schemas.SayMoreBody, answer=schemas.NothingOut, status=201,
    errors=(404, 503),
)  # fmt: skip
def say_more(body: dict[str, Any]) -> dict[str, Any]:
    """Add words to the thread that a receipt opens."""
    opens = followup.unlock_receipt(body["receipt"], house().keys)
    with house().database.write() as session:
        followup.add_by_receipt(
            session, opens, body["text"], keys=house().keys, now=house().clock(), rules=house().rules
        )
    return {}


@call(
    blueprint, "POST", "/sessions", body=schemas.SignInBody, answer=schemas.SignInOut, status=201,
    errors=(401, 403, 429, 503),
)  # fmt: skip
@bounded_sign_ins
def sign_in(body: dict[str, Any]) -> accounts.Started:
    """Sign in; the token goes into ``Authorization: Bearer`` of every desk call.

    403 ``must_enrol`` where a second factor is demanded and this person has not set it up on the desk's page yet.
    """
    return house().sign_in(body["username"], body["password"], body.get("totp") or "", "bearer")


@call(blueprint, "DELETE", "/sessions", status=204, bearer=True)
def sign_out() -> None:
    """Sign out: the token opens nothing any more."""
    who = signed_in()
    with house().database.write() as session:
        accounts.end(session, who)
        house().note(session, who, "signed_out", who.account_id)
