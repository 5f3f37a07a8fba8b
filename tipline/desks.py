"""Desks and their keys: who can be sealed to, and how a member comes to hold a desk's private key."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from tipline import clocks
from tipline.errors import AlreadyThere, NoDeskAccess, UnknownDesk
from tipline.models import Account, Desk, DeskKey, DeskMember, TipDesk
from tipline.prepared import Prepared, Row
from tipline.routing import DeskSeed
from tipline.sealing import CannotOpen, PrivateKey, PublicKey, derive, unwrap, wrap

LATE = timedelta(hours=72)
_SHORTEST_NAME = 3
_WORD = re.compile(r"[^\W_]+")
_ALL = (
    select(Desk.id, Desk.slug, Desk.name_en, Desk.name_st, DeskKey.point, DeskKey.version)
    .join(DeskKey, (DeskKey.desk_id == Desk.id) & DeskKey.retired_at.is_(None), isouter=True)
    .order_by(Desk.id)
)
_BY_REFERRAL = {"offered", "accepted"}
_EVERY = Prepared(_ALL)
_AROUND = Prepared(
    _ALL.add_columns(TipDesk.state, TipDesk.priority).join(
        TipDesk, (TipDesk.desk_id == Desk.id) & (TipDesk.tip_id == bindparam("tip")), isouter=True
    )
)
_ASSIGN = Prepared(TipDesk.__table__.insert())  # type: ignore[attr-defined]


@dataclass(frozen=True)
class OpenDesk:
    """A desk and the key that new entries are sealed to (None until its first member has signed in)."""

    id: int
    slug: str
    name_en: str
    name_st: str
    key: PublicKey | None
    version: int

    def name(self, lang: str) -> str:
        """Return the desk's name in ``st`` or ``en``."""
        return self.name_st if lang == "st" else self.name_en


@dataclass(frozen=True)
class Assigned:
    """How a desk came to a tip (see ``models.TipDesk.state``), and how urgent the tip is in its queue."""

    state: str
    priority: str


def seed_desks(session: Session, seeds: tuple[DeskSeed, ...]) -> None:
    """Add the desks that are not there yet."""
    present = set(session.scalars(select(Desk.slug)))
    for seed in seeds:
        if seed.slug not in present:
            session.add(Desk(slug=seed.slug, name_en=seed.name_en, name_st=seed.name_st))
    session.flush()


def all_desks(session: Session) -> dict[str, OpenDesk]:
    """Return every desk by its slug, with its present key."""
    return {row.slug: _open_desk(row) for row in _EVERY.rows(session, {})}


def around(session: Session, tip_id: int) -> tuple[dict[str, OpenDesk], dict[int, Assigned]]:
    """Return every desk by its slug, and what a tip is to those that have it: desk id → why, how urgent."""
    rows = _AROUND.rows(session, {"tip": tip_id})
    there = {row.id: Assigned(row.state, row.priority) for row in rows if row.state is not None}
    return {row.slug: _open_desk(row) for row in rows}, there


def by_slug(session: Session, slug: str) -> OpenDesk:
    """Return one desk; UnknownDesk if there is none of that name."""
    try:
        return all_desks(session)[slug]
    except KeyError:
        raise UnknownDesk from None


def accepted_keys(session: Session, desk_ids: Collection[int], now: datetime) -> dict[str, int]:
    """Return the keys that a reporter's device may have sealed to: key id → desk.

    Each desk's present one, and one that was replaced less than ``LATE`` ago (the page was open meanwhile).
    """
    wanted = select(DeskKey.id, DeskKey.desk_id).where(
        DeskKey.desk_id.in_(desk_ids), or_(DeskKey.retired_at.is_(None), DeskKey.retired_at > now - LATE)
    )
    return {row.id: row.desk_id for row in session.execute(wanted)}


def with_named(session: Session, excluded: tuple[str, ...], words: str) -> tuple[str, ...]:
    """Return what is excluded, with the whole desk of every person whose name stands in these words.

    A name counts if all of it stands there, in any letters' case, and is three letters or longer.
    """
    said = set(_WORD.findall(words.casefold()))
    people = select(Account.name, Desk.slug).join(Desk, Desk.id == Account.desk_id).where(Account.disabled_at.is_(None))
    found = []
    for name, slug in session.execute(people.order_by(Desk.id)):
        parts = set(_WORD.findall(name.casefold()))
        if parts and len(max(parts, key=len)) >= _SHORTEST_NAME and parts <= said:
            found.append(slug)
    return tuple(dict.fromkeys((*excluded, *found)))


def assign(
    session: Session, tip_id: int, chosen: list[OpenDesk], priority: str, arrived: datetime, stage: str = "received"
) -> None:
    """Let these desks read a tip, and put it into their queues."""
    arrival = -int(arrived.timestamp() * 1000)
    row = {"tip_id": tip_id, "state": "routed", "active": True, "stage": stage, "priority": priority,
           "arrival": arrival, "due": clocks.first_due(priority, arrived)}  # fmt: skip
    for desk in chosen:
        _ASSIGN.run(session, {**row, "desk_id": desk.id})


def reassign(
    session: Session, tip_id: int, chosen: list[OpenDesk], there: Mapping[int, Assigned], priority: str,
    tip: Row,
) -> dict[int, str]:  # fmt: skip
    """Let the chosen desks in, and out those that were routed before and are not now.

    ``there`` is what ``around`` told; ``tip`` has when it arrived, its stage, ``clocks.NEEDED``. Return who reads the
    tip: desk id → state. A desk that another one referred it to stays.
    """
    table, connection = _table(TipDesk), session.connection()
    reading = {desk_id: one.state for desk_id, one in there.items() if one.state in _BY_REFERRAL}
    reading.update({desk.id: "routed" for desk in chosen if desk.id not in reading})
    gone = [desk_id for desk_id, one in there.items() if one.state == "routed" and desk_id not in reading]
    if gone:
        connection.execute(delete(table).where(table.c.tip_id == tip_id, table.c.desk_id.in_(gone)))
    if any(one.priority != priority for one in there.values()):
        raised = {"priority": priority, "due": clocks.due(tip, priority)}
        connection.execute(update(table).where(table.c.tip_id == tip_id).values(raised))
    fresh = [desk for desk in chosen if desk.id not in there]
    if fresh:
        assign(session, tip_id, fresh, priority, tip.received_at, tip.stage)
    return reading


def found(session: Session, account: Account, now: datetime) -> str | None:
    """Create the desk's key pair at the first sign-in of its first member; return its recovery key, shown once.

    None if the desk has a key already: then a colleague shares it.
    """
    if account.desk_id is None or session.scalar(select(DeskKey.id).where(DeskKey.desk_id == account.desk_id)):
        return None
    desk_key = PrivateKey.generate()
    public = desk_key.public()
    recovery = recovery_text(secrets.token_bytes(20))
    session.add(
        DeskKey(
            id=public.id,
            desk_id=account.desk_id,
            version=1,
            point=public.point,
            recovery_wrap=_recovery_wrap(desk_key, recovery),
            created_at=now,
        )
    )
    session.flush()
    session.add(DeskMember(desk_key_id=public.id, account_id=account.id, wrap=_member_wrap(desk_key, public, account)))
    session.flush()
    return recovery


def private_keys(session: Session, account: Account, key: PrivateKey) -> dict[str, PrivateKey]:
    """Return the desk's private keys that this signed-in member holds, by key id. NoDeskAccess if there is none."""
    rows = session.execute(select(DeskMember).where(DeskMember.account_id == account.id)).scalars()
    keys = {row.desk_key_id: _unwrap_member(row, key) for row in rows}
    if not keys:
        raise NoDeskAccess
    return _with_older(session, account.desk_id, keys)


def holds_key(session: Session, account_id: int) -> bool:
    """Say whether a member holds their desk's key."""
    return (
        session.scalar(select(DeskMember.desk_key_id).where(DeskMember.account_id == account_id).limit(1)) is not None
    )


def share(session: Session, giver: dict[str, PrivateKey], colleague: Account) -> None:
    """Seal the desk's keys that the giver holds to a colleague of the same desk."""
    for key_id, key in giver.items():
        desk_id = session.scalar(select(DeskKey.desk_id).where(DeskKey.id == key_id))
        if desk_id != colleague.desk_id or session.get(DeskMember, (key_id, colleague.id)) is not None:
            continue
        wrapped = _member_wrap(key, PublicKey(key.public().point), colleague)
        session.add(DeskMember(desk_key_id=key_id, account_id=colleague.id, wrap=wrapped))
    session.flush()


def waiting_for_key(session: Session, desk_id: int) -> list[Account]:
    """Return the members of a desk to whom no colleague has shared its key yet."""
    held = select(DeskMember.account_id)
    wanted = select(Account).where(Account.desk_id == desk_id, Account.disabled_at.is_(None), Account.id.not_in(held))
    return list(session.scalars(wanted.order_by(Account.name)))


def open_by_recovery(session: Session, desk_id: int, recovery: str) -> dict[str, PrivateKey]:
    """Return the desk's private keys that its recovery key opens; CannotOpen if it is not that key."""
    present = _present(session, desk_id)
    if present is None:
        raise CannotOpen
    opened = PrivateKey(unwrap(present.recovery_wrap, _recovery_key(recovery), _recovery_info(present.id)))
    return _with_older(session, desk_id, {present.id: opened})


def new_recovery(session: Session, desk_id: int, held: dict[str, PrivateKey], now: datetime) -> str:
    """Give the desk another recovery key, shown once; the one before no longer opens anything. NoDeskAccess."""
    present = _present(session, desk_id)
    if present is None or present.id not in held:
        raise NoDeskAccess
    recovery = recovery_text(secrets.token_bytes(20))
    present.recovery_wrap = _recovery_wrap(held[present.id], recovery)
    present.paper_at, present.tried_at, present.tried_by = now, None, None
    session.flush()
    return recovery


def renewal_due(session: Session, desk_id: int) -> bool:
    """Say whether somebody left since the desk's present key was made: then a member who holds it makes the next."""
    left = select(Account.id).where(Account.desk_id == desk_id, Account.disabled_at >= DeskKey.created_at)
    wanted = select(DeskKey.id).where(DeskKey.desk_id == desk_id, DeskKey.retired_at.is_(None), left.exists())
    return session.scalar(wanted) is not None


def renew(session: Session, account: Account, key: PrivateKey, now: datetime) -> str | None:
    """Make the desk's next key as a member who holds the present one signs in, if somebody left; see ``rotate``.

    Return the recovery key, to be shown once; None if no renewal is due, or they do not hold the key.
    """
    if account.desk_id is None or not renewal_due(session, account.desk_id) or not holds_key(session, account.id):
        return None
    session.get(Desk, account.desk_id, with_for_update=True)  # of two who sign in at once, the second finds it done
    try:
        return rotate(session, account.desk_id, private_keys(session, account, key), now)
    except (AlreadyThere, NoDeskAccess):
        return None


def rotate(session: Session, desk_id: int, held: dict[str, PrivateKey], now: datetime) -> str:
    """Make the desk's next key after somebody left; return its recovery key, shown once.

    It is sealed to all members who hold the present one; the present one is sealed to it, so that everything from
    before still opens and nothing is encrypted anew. AlreadyThere if none is due, NoDeskAccess without the key.
    """
    present = _present(session, desk_id)
    if present is None or present.id not in held:
        raise NoDeskAccess
    if not renewal_due(session, desk_id):
        raise AlreadyThere
    fresh = PrivateKey.generate()
    public, recovery = fresh.public(), recovery_text(secrets.token_bytes(20))
    present.newer_wrap = wrap(held[present.id].scalar, public, _older_info(present.id))
    present.retired_at = now
    session.add(
        DeskKey(
            id=public.id, desk_id=desk_id, version=present.version + 1, point=public.point,
            recovery_wrap=_recovery_wrap(fresh, recovery), created_at=now,
        )
    )  # fmt: skip
    session.flush()
    members = select(Account).join(DeskMember, DeskMember.account_id == Account.id)
    for colleague in session.scalars(members.where(DeskMember.desk_key_id == present.id)).all():
        wrapped = _member_wrap(fresh, public, colleague)
        session.add(DeskMember(desk_key_id=public.id, account_id=colleague.id, wrap=wrapped))
    session.flush()
    return recovery


def recovery_text(secret: bytes) -> str:
    """Write a recovery key so that it can be copied from paper: groups of four letters and digits."""
    letters = base64.b32encode(secret).decode()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _recovery_key(recovery: str) -> PrivateKey:
    letters = "".join(letter for letter in recovery.upper() if letter.isalnum())
    return PrivateKey.from_seed(derive(letters.encode(), "desk recovery key", 48))


def _present(session: Session, desk_id: int) -> DeskKey | None:
    return session.scalar(select(DeskKey).where(DeskKey.desk_id == desk_id, DeskKey.retired_at.is_(None)))


def _with_older(session: Session, desk_id: int | None, keys: dict[str, PrivateKey]) -> dict[str, PrivateKey]:
    """Add the older versions: each is sealed to the next one, so the newest opens the whole row."""
    older = select(DeskKey).where(DeskKey.desk_id == desk_id, DeskKey.newer_wrap.is_not(None))
    for row in session.scalars(older.order_by(DeskKey.version.desc())):
        if row.id in keys or row.newer_wrap is None:
            continue
        for key in tuple(keys.values()):
            try:
                keys[row.id] = PrivateKey(unwrap(row.newer_wrap, key, _older_info(row.id)))
                break
            except CannotOpen:
                continue
    return keys


def _recovery_wrap(desk_key: PrivateKey, recovery: str) -> bytes:
    return wrap(desk_key.scalar, _recovery_key(recovery).public(), _recovery_info(desk_key.public().id))


def _older_info(key_id: str) -> bytes:
    return f"desk key {key_id} for the next one".encode()


def _recovery_info(key_id: str) -> bytes:
    return f"desk key {key_id} for recovery".encode()


def _member_wrap(desk_key: PrivateKey, public: PublicKey, account: Account) -> bytes:
    return wrap(desk_key.scalar, PublicKey(account.point), f"desk key {public.id} for {account.id}".encode())


def _unwrap_member(row: DeskMember, key: PrivateKey) -> PrivateKey:
    return PrivateKey(unwrap(row.wrap, key, f"desk key {row.desk_key_id} for {row.account_id}".encode()))


def _open_desk(row: Row) -> OpenDesk:
    key = PublicKey(row.point) if row.point else None
    return OpenDesk(row.id, row.slug, row.name_en, row.name_st, key, row.version or 0)


def _table(model: type) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table
