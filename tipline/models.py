"""The tables. What is in the clear here is what queues need; everything said is in ``Entry.body``, sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import false, text, true

from tipline.audit_table import Act as Act  # noqa: PLC0414 - handed on
from tipline.columns import Base as Base  # noqa: PLC0414
from tipline.columns import BigId
from tipline.columns import UtcDateTime as UtcDateTime  # noqa: PLC0414
from tipline.drafts_table import Draft as Draft  # noqa: PLC0414
from tipline.drafts_table import Presence as Presence  # noqa: PLC0414
from tipline.duty_tables import Approval as Approval  # noqa: PLC0414
from tipline.duty_tables import PoliceReport as PoliceReport  # noqa: PLC0414
from tipline.kept_back_table import KeptBack as KeptBack  # noqa: PLC0414
from tipline.people_tables import Alert as Alert  # noqa: PLC0414
from tipline.people_tables import Contact as Contact  # noqa: PLC0414
from tipline.people_tables import OnCall as OnCall  # noqa: PLC0414
from tipline.rules_table import RuleSet as RuleSet  # noqa: PLC0414

_OFFERED = text("state = 'offered'")
_DUE = text("due IS NOT NULL")
_WAIT = text("waits")
_TAKEN = text("taken_by IS NOT NULL")
_KEPT = text("carrier_id_locked IS NOT NULL")
_ALIKE = text("alike IS NOT NULL")
_FOLDED = text("folded_into IS NOT NULL")
_ALERT, _UNDER = text("alert IS NOT NULL"), text("matter_of IS NOT NULL")
_KEEPS = text("closed_at IS NOT NULL AND (destroyed_at IS NULL OR changed_at > destroyed_at)")
_UNREAD = text("kind = 'reply' AND read_at IS NULL AND told_at IS NULL")


class Desk(Base):
    """A group of people who read tips together: immigration, the shelter, the police."""

    __tablename__ = "desk"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name_en: Mapped[str] = mapped_column(String(80))
    name_st: Mapped[str] = mapped_column(String(80))


class DeskKey(Base):
    """One version of a desk's key pair; the private half exists only sealed to members and to the recovery key."""

    __tablename__ = "desk_key"
    __table_args__ = (UniqueConstraint("desk_id", "version"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"), index=True)
    version: Mapped[int]
    point: Mapped[bytes]
    recovery_wrap: Mapped[bytes]
    newer_wrap: Mapped[bytes | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    paper_at: Mapped[datetime | None]  # since when the recovery key is another one than the first
    tried_at: Mapped[datetime | None]  # when somebody proved last that the paper opens it
    tried_by: Mapped[int | None]  # their account


class DeskMember(Base):
    """One member's copy of a desk's private key, sealed to that member."""

    __tablename__ = "desk_member"

    desk_key_id: Mapped[str] = mapped_column(ForeignKey("desk_key.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, index=True)
    wrap: Mapped[bytes]


class Account(Base):
    """A person who signs in. The password opens ``locked_key``; that is the password check."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("desk.id"), index=True)
    salt: Mapped[bytes]
    point: Mapped[bytes]
    locked_key: Mapped[bytes]
    totp_locked: Mapped[bytes | None]
    totp_confirmed: Mapped[bool] = mapped_column(default=False)
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    lang: Mapped[str] = mapped_column(String(2), default="en")
    shortcuts: Mapped[bool] = mapped_column(default=True, server_default=true())  # single keys work at the desk
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A one-time code for whoever lost the authenticator; only its keyed hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[bytes]


class SignIn(Base):
    """Somebody signed in: their private key, locked by a key that only the cookie or token carries."""

    __tablename__ = "sign_in"

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    locked_key: Mapped[bytes]
    kind: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Tip(Base):
    """One matter that somebody reported, as queues see it. ``binding`` is the id its envelopes are bound to."""

    __tablename__ = "tip"
    __table_args__ = (
        Index("ix_tip_taken", "taken_by", sqlite_where=_TAKEN, postgresql_where=_TAKEN),
        Index("ix_tip_alike", "alike", sqlite_where=_ALIKE, postgresql_where=_ALIKE),
        Index("ix_tip_keeps", "closed_at", sqlite_where=_KEEPS, postgresql_where=_KEEPS),
        Index("ix_tip_folded", "folded_into", sqlite_where=_FOLDED, postgresql_where=_FOLDED),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    binding: Mapped[str] = mapped_column(String(64))
    client_hash: Mapped[bytes | None] = mapped_column(unique=True)
    client_receipt: Mapped[bytes | None]
    channel: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(2))
    place: Mapped[str | None] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(16))
    priority: Mapped[str] = mapped_column(String(2))
    reasons: Mapped[list[str]]
    indicators: Mapped[list[str]]
    danger_now: Mapped[bool | None]
    child: Mapped[bool | None]
    stage: Mapped[str] = mapped_column(String(32))
    lead_desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"))
    excluded: Mapped[list[str]]
    content_consent: Mapped[bool] = mapped_column(default=False)
    no_texts: Mapped[bool] = mapped_column(server_default=false())  # the reporter wants none about this tip
    unfinished: Mapped[bool] = mapped_column(default=False)
    stirs: Mapped[int] = mapped_column(server_default="1")  # how often something new came: see news
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    first_look_at: Mapped[datetime | None]
    receipt_lookup: Mapped[bytes | None] = mapped_column(unique=True)
    reporter_point: Mapped[bytes | None]
    alike: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # what could make it one of many: see abuse
    folded_into: Mapped[int | None] = mapped_column(BigInteger)  # the tip of the flood that it is kept under
    gathered: Mapped[int] = mapped_column(server_default="0")  # how many tips were ever folded into this one
    grouped: Mapped[bool] = mapped_column(server_default=false())  # in a matter at some desk, once
    received_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]  # what was said is gone, on schedule: see destruction
    police_at: Mapped[datetime | None]  # the police know, or it was decided why not: see clocks
    waits: Mapped[bool] = mapped_column(server_default=false())  # the last word is the desk's
    newer: Mapped[str | None] = mapped_column(String(2))  # what said since would raise it to: see priority
    news: Mapped[str | None] = mapped_column(String(16))  # what stirred it last, where that is not words


class TipDesk(Base):
    """A desk that may read a tip, and why. What a queue sorts and filters by stands here too, for its indexes."""

    __tablename__ = "tip_desk"
    __table_args__ = (
        Index("ix_queue", "desk_id", "active", "priority", "arrival", "tip_id"),
        Index("ix_queue_stage", "desk_id", "stage", "priority", "arrival", "tip_id"),
        Index("ix_queue_offered", "desk_id", "priority", "arrival", sqlite_where=_OFFERED, postgresql_where=_OFFERED),
        Index("ix_queue_due", "desk_id", "priority", "due", "tip_id", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("ix_queue_waits", "desk_id", "priority", "arrival", "tip_id", sqlite_where=_WAIT, postgresql_where=_WAIT),
        Index("ix_alert", "desk_id", sqlite_where=_ALERT, postgresql_where=_ALERT),
        Index("ix_matter", "desk_id", "matter_of", sqlite_where=_UNDER, postgresql_where=_UNDER),
    )

    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))  # routed, offered, accepted, declined
    active: Mapped[bool]
    stage: Mapped[str] = mapped_column(String(32), default="received", server_default="received")  # the tip's own
    priority: Mapped[str] = mapped_column(String(2))
    arrival: Mapped[int] = mapped_column(BigInteger)  # minus epoch milliseconds: newest first in one direction
    due: Mapped[int | None] = mapped_column(BigInteger)  # epoch milliseconds when the tip's first clock is over
    waits: Mapped[bool] = mapped_column(server_default=false())  # the tip's own
    alert: Mapped[str | None] = mapped_column(String(16))  # what somebody of this desk is told of: see escalation
    seen: Mapped[int] = mapped_column(server_default="0")  # up to which stir this desk has looked
    matter_of: Mapped[int | None] = mapped_column(BigInteger)  # the tip under which this desk keeps it: see matters


class Entry(Base):
    """One sealed thing in a thread: story, number, message, reply, note, reason. Wraps: see sealing.pack."""

    __tablename__ = "entry"
    __table_args__ = (Index("ix_unread", "created_at", sqlite_where=_UNREAD, postgresql_where=_UNREAD),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    uid: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("desk.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    body: Mapped[bytes]
    wraps: Mapped[bytes]
    read_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when the desk was told that nobody reads this answer
    created_at: Mapped[datetime]


class Event(Base):
    """What was done, by whom, when: codes only, no content."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("desk.id"))
    data: Mapped[dict[str, Any]]


class Referral(Base):
    """One desk hands a tip on to another; reason and answer are sealed entries of kind ``reason``."""

    __tablename__ = "referral"
    __table_args__ = (Index("ix_referral_offered", "id", sqlite_where=_OFFERED, postgresql_where=_OFFERED),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    from_desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"))
    to_desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(String(10))  # offered, accepted, declined, called_off
    consent: Mapped[str | None] = mapped_column(String(10))  # see referrals.CONSENTS
    late_steps: Mapped[int] = mapped_column(server_default="0")  # how many steps escalation has taken
    reason_entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    answer_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Outcome(Base):
    """How a matter ended: counts only, no client's name; the note is a sealed entry."""

    __tablename__ = "outcome"
    __table_args__ = (Index("ix_outcome_desk", "desk_id", "created_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    result: Mapped[str] = mapped_column(String(32))
    identified: Mapped[int | None]
    clients_served: Mapped[int | None]
    residential: Mapped[int | None]
    reintegrated: Mapped[int | None]
    non_residential: Mapped[int | None]
    note_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    counted_with: Mapped[int | None] = mapped_column(BigInteger)  # the tip of the same matter that figures count
    created_at: Mapped[datetime]


class PhoneThread(Base):
    """Which open thread a phone belongs to, by a keyed hash whose key changes each month."""

    __tablename__ = "phone_thread"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    dialogue: Mapped[str | None] = mapped_column(String(12))  # where the questions to it stand: see sms.questions
    counted_hour: Mapped[int | None]  # hours since 1970 when it wrote last: the two counts are of that hour and day
    hour_texts: Mapped[int] = mapped_column(server_default="0")
    day_texts: Mapped[int] = mapped_column(server_default="0")
    changed_at: Mapped[datetime]


class OptOut(Base):
    """A phone that said STOP; its own keyed hash, which does not expire."""

    __tablename__ = "opt_out"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    since: Mapped[datetime]


class BlockedPhone(Base):
    """A phone that a desk has blocked, by the tip it was blocked at; its own keyed hash, which does not expire."""

    __tablename__ = "blocked_phone"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    since: Mapped[datetime]


class HeldBack(Base):
    """A minute in which automatic answers were held back: more were due than the bound for all phones allows."""

    __tablename__ = "held_back"

    minute: Mapped[datetime] = mapped_column(primary_key=True)


class Inbound(Base):
    """A carrier's message already taken in: a retry of it gets the same answer."""

    __tablename__ = "inbound"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    twin_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    answer: Mapped[str | None] = mapped_column(String(40))  # template key and language, no text
    at: Mapped[datetime] = mapped_column(index=True)


class UssdSession(Base):
    """A USSD session: state and last screen locked with a key that only the carrier's session id opens."""

    __tablename__ = "ussd_session"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    owner_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    transcript_length: Mapped[int]
    transcript_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    locked: Mapped[bytes]
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"))
    open: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime] = mapped_column(index=True)


class OutMessage(Base):
    """A promise to send something: made in the tip's own transaction, kept by the worker, then blanked."""

    __tablename__ = "out_message"
    __table_args__ = (
        Index("ix_due", "state", "due_at"),
        Index("ix_copy_kept", "due_at", sqlite_where=_KEPT, postgresql_where=_KEPT),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(10))  # held, waiting, sending, sent, dead, expired
    payload: Mapped[bytes | None]
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"), index=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    carrier: Mapped[str | None] = mapped_column(String(20))
    carrier_id_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    carrier_id_locked: Mapped[bytes | None]
    delivery: Mapped[str | None] = mapped_column(String(12))
    failure: Mapped[str | None] = mapped_column(String(40))
    tried: Mapped[str | None] = mapped_column(String(160))  # who did not take it at the last try: see outbox.refusals
    asked_last: Mapped[str | None] = mapped_column(String(20))  # a carrier that was silent about it before
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class CarrierCopy(Base):
    """A message of which a carrier keeps a copy that is still to be erased there; bound to nothing else here."""

    __tablename__ = "carrier_copy"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    carrier: Mapped[str] = mapped_column(String(20))
    locked: Mapped[bytes | None]  # the carrier's id of it
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)  # none: given up
    created_at: Mapped[datetime]


class CarrierCost(Base):
    """What one carrier took in one month: counts and sums, no message. Without a currency: no price was known."""

    __tablename__ = "carrier_cost"

    carrier: Mapped[str] = mapped_column(String(20), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    messages: Mapped[int]
    segments: Mapped[int]
    micros: Mapped[int] = mapped_column(BigInteger)  # millionths of the currency's unit
