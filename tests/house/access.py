"""Who may do what: every address of the product, and what each role is answered there. The matrix holds the app to it.

A new route needs a line here, or the tests fail. ``status`` is what those are answered who are let in and send
``form`` (at the API: as JSON), chosen so that it changes as little as can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

READERS = ("caseworker", "supervisor")
ANYBODY = ("caseworker", "supervisor", "trainer", "editor", "donor", "admin")
ADMIN = ("admin",)
WATCHERS = ("supervisor", "admin")
NOTHING = ""  # leaves no row in the audit log: it shows no tip, moves nothing and changes no key and no account


class Access(NamedTuple):
    """Who is let in (nobody need be signed in if ``to`` is None), and the verb that a successful use leaves."""

    to: tuple[str, ...] | None
    status: int
    form: Mapping[str, Any] = {}
    leaves: str = NOTHING
    else_where: Mapping[str, int] = {}  # a role that is answered otherwise


def public(status: int, **form: Any) -> Access:
    """Anybody, signed in or not; a carrier's door refuses a wrong secret or signature whoever knocks."""
    return Access(None, status, form)


def of_a_tip(status: int, leaves: str, **form: Any) -> Access:
    """Caseworkers and supervisors of a desk that has the tip; to other desks it does not exist."""
    return Access(READERS, status, form, leaves)


ACCESS = {
    # the public pages and small files
    "GET /": public(302),
    "GET /<lang>/": public(200),
    "GET /<lang>/help": public(200),
    "GET /<lang>/inbox": public(200),
    "POST /<lang>/inbox": public(422),
    "GET /<lang>/learn": public(200),
    "GET /<lang>/learn/<slug>": public(200),
    "GET /<lang>/privacy": public(200),
    "GET /<lang>/report": public(200),
    "POST /<lang>/report": public(422),
    "GET /<lang>/report/short": public(200),
    "POST /<lang>/report/short": public(422),
    "GET /exit": public(303),
    "GET /favicon.ico": public(200),
    "GET /favicon.svg": public(200),
    "GET /manifest.webmanifest": public(200),
    "GET /robots.txt": public(200),
    "GET /look/desk.css": public(200),
    "GET /look/desk.js": public(200),
    "GET /healthz": public(200),
    "GET /readyz": public(200),
    "GET /metrics": public(200),  # to this machine
    "GET /phone": public(200),  # demo instances only
    "POST /phone": public(200),
    "POST /phone/deliver": public(403),  # to its own page alone
    # the doors of carriers
    "POST /sms/africastalking/<secret>": public(403, text="x"),
    "POST /sms/africastalking/<secret>/delivery": public(403, id="x"),
    "POST /sms/kannel/<secret>": public(403),
    "GET /sms/kannel/<secret>/delivery": public(403),
    "POST /sms/twilio": public(403),
    "POST /sms/twilio/status": public(403),
    "POST /calls/africastalking/<secret>": public(403, x="x"),
    "POST /calls/plain/<secret>": public(403, x="x"),
    "POST /calls/twilio": public(403, x="x"),
    "POST /ussd/africastalking/<secret>": public(403),
    "POST /ussd/africastalking/<secret>/events": public(403),
    # the API, for reporters
    "GET /api/v1/keys": public(200),
    "GET /api/v1/openapi.json": public(200),
    "POST /api/v1/tips": public(422),
    "POST /api/v1/receipts/open": public(422),
    "POST /api/v1/receipts/messages": public(422),
    # signing in and out, one's own account
    "GET /desk/sign-in": public(200),
    "POST /desk/sign-in": Access(None, 401, leaves="signed_in"),
    "POST /api/v1/sessions": Access(None, 422, leaves="signed_in"),
    "DELETE /api/v1/sessions": Access(ANYBODY, 204, leaves="signed_out"),
    "POST /desk/sign-out": Access(ANYBODY, 303, leaves="signed_out"),
    "POST /desk/account/sign-ins/end": Access(ANYBODY, 404, leaves="signed_out"),
    "GET /desk/account": Access(ANYBODY, 200),
    "POST /desk/account/keys": Access(ANYBODY, 303, {"shortcuts": "1"}),
    "POST /desk/account/language": Access(ANYBODY, 303, {"lang": "en"}),
    "POST /desk/account/passphrase": Access(ANYBODY, 422, {"new": "a"}, "passphrase_changed"),
    "GET /desk/account/authenticator": Access(ANYBODY, 200),
    "POST /desk/account/authenticator": Access(ANYBODY, 422, leaves="authenticator_set"),
    "POST /desk/account/authenticator/anew": Access(ANYBODY, 422, leaves="authenticator_dropped"),
    "POST /desk/account/codes": Access(ANYBODY, 422, leaves="codes_made"),
    # the queue and a tip
    "GET /desk/": Access(ANYBODY, 200, else_where={"admin": 303}),
    "GET /desk/awake": Access(ANYBODY, 204),
    "GET /desk/keys": Access(ANYBODY, 200),
    "GET /desk/tips/<uid>": of_a_tip(200, "viewed"),
    "GET /desk/tips/<uid>/now": of_a_tip(200, NOTHING),  # names and verbs, no word of the tip
    "POST /desk/tips/<uid>/take": of_a_tip(303, "taken"),
    "POST /desk/tips/<uid>/notes": of_a_tip(422, "noted"),
    "POST /desk/tips/<uid>/replies": of_a_tip(422, "replied"),
    "POST /desk/tips/<uid>/replies/<number>/again": of_a_tip(404, "sent_again"),
    "POST /desk/tips/<uid>/referrals": of_a_tip(422, "referred", desk="moon", reason="so"),
    "GET /desk/tips/<uid>/refer": of_a_tip(422, "viewed"),
    "POST /desk/tips/<uid>/exclusions": of_a_tip(422, "desk_excluded"),
    "POST /desk/tips/<uid>/referrals/<number>": of_a_tip(404, "accepted", answer="accept"),
    "POST /desk/tips/<uid>/moves": of_a_tip(409, "moved", to="received"),
    "POST /desk/tips/<uid>/outcome": of_a_tip(422, "closed"),
    "POST /desk/tips/<uid>/approval": Access(("supervisor",), 409, {"answer": "approve"}, "close_approved"),
    "POST /desk/tips/<uid>/why": of_a_tip(409, "not_passed_on"),
    "GET /desk/approvals": Access(READERS, 200),
    "GET /desk/figures": Access(("supervisor",), 200),
    "GET /desk/tips/<uid>/police-report": of_a_tip(200, "viewed"),
    "POST /desk/tips/<uid>/police-report": of_a_tip(422, "report_made"),
    "POST /desk/tips/<uid>/police-reports": of_a_tip(422, "police_told"),
    "GET /desk/tips/<uid>/police-reports/<number>": of_a_tip(404, "report_made"),
    "POST /desk/tips/<uid>/police-reports/<number>/receipt": of_a_tip(404, "receipt_added", number="OB 1"),
    "POST /desk/tips/<uid>/number": of_a_tip(409, "number_shown"),
    "POST /desk/tips/<uid>/calls": of_a_tip(409, "called", result="reached"),
    "POST /desk/tips/<uid>/rest": of_a_tip(404, "rest_left", desk="moon"),
    "POST /desk/tips/<uid>/block": of_a_tip(422, "blocked"),
    "POST /desk/tips/<uid>/unblock": of_a_tip(409, "unblocked"),
    "POST /desk/tips/<uid>/unfold": of_a_tip(409, "unfolded"),
    "POST /desk/tips/<uid>/matter": of_a_tip(422, "merged"),
    "POST /desk/tips/<uid>/apart": of_a_tip(409, "unmerged"),
    "GET /desk/search": Access(READERS, 200),
    "POST /desk/search": Access(READERS, 200, {"q": "zebra"}, "searched"),
    "GET /desk/tips/<uid>/assessment": of_a_tip(200, NOTHING),
    "POST /desk/tips/<uid>/assessment": of_a_tip(422, "assessed"),
    "POST /desk/tips/<uid>/priority": of_a_tip(422, "prioritised", to="P3"),
    "POST /desk/tips/<uid>/kept-back": of_a_tip(409, "kept_back", reason="so", months="1"),
    "POST /desk/tips/<uid>/let-go": of_a_tip(409, "let_go"),
    "GET /desk/retention": Access(READERS, 200),
    "GET /desk/blocked": Access(("supervisor",), 200),
    "GET /api/v1/desk/tips": Access(READERS, 200),
    "GET /api/v1/desk/summary": Access(READERS, 200),
    "POST /api/v1/desk/search": Access(READERS, 200, {"q": "passport"}, "searched"),
    "GET /api/v1/desk/tips/<uid>": of_a_tip(200, "viewed"),
    "POST /api/v1/desk/tips/<uid>/notes": of_a_tip(201, "noted", text="so"),
    "POST /api/v1/desk/tips/<uid>/replies": of_a_tip(422, "replied", text=" "),
    "POST /api/v1/desk/tips/<uid>/referrals": of_a_tip(422, "referred", desk="moon", reason="so"),
    "POST /api/v1/desk/tips/<uid>/referrals/<rid>": of_a_tip(404, "accepted", answer="accept"),
    "POST /api/v1/desk/tips/<uid>/moves": of_a_tip(409, "moved", to="received"),
    "POST /api/v1/desk/tips/<uid>/outcome": of_a_tip(409, "closed", result="identified"),
    # keys, people, texts, the log
    "GET /desk/key": Access(READERS, 200),
    "POST /desk/key/share": Access(READERS, 404, leaves="key_shared"),
    "POST /desk/key/open": Access(READERS, 422, leaves="key_opened"),
    "POST /desk/key/try": Access(READERS, 422, leaves="recovery_tried"),
    "POST /desk/key/recovery": Access(READERS, 200, leaves="recovery_made"),
    "POST /desk/key/renew": Access(READERS, 409, leaves="key_renewed"),
    "GET /desk/people": Access(ADMIN, 200),
    "POST /desk/people": Access(ADMIN, 422, leaves="account_added"),
    "POST /desk/people/<number>/disable": Access(ADMIN, 404, leaves="account_disabled"),
    "POST /desk/people/<number>/passphrase": Access(ADMIN, 404, leaves="account_renewed"),
    "GET /desk/alerts": Access((*READERS, "admin"), 200),
    "POST /desk/alerts/contact": Access(READERS, 422, {"number": "x"}, "contact_set"),
    "POST /desk/alerts/slots": Access(WATCHERS, 422, leaves="rota_changed"),
    "POST /desk/alerts/slots/<number>/remove": Access(WATCHERS, 404, leaves="rota_changed"),
    "POST /desk/alerts/slots/<number>/up": Access(WATCHERS, 404, leaves="rota_changed"),
    "GET /desk/carriers": Access(ADMIN, 200),
    "POST /desk/carriers/<number>/again": Access(ADMIN, 404, leaves="message_retried"),
    "GET /desk/rules": Access(ADMIN, 200),
    "GET /desk/rules/change": Access(ADMIN, 200),
    "POST /desk/rules/change": Access(ADMIN, 422, leaves="rules_changed"),
    "GET /desk/audit": Access(WATCHERS, 200, leaves="trail_viewed"),
}
