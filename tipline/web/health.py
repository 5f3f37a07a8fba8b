"""Is it alive (``/healthz``), is it ready (``/readyz``), how does it do (``/metrics``): no personal data anywhere."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, current_app, jsonify, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from tipline.desks import all_desks
from tipline.house import House, KeyFileMissing
from tipline.models import OutMessage
from tipline.outbox import DEAD, WAITING
from tipline.sealing import same
from tipline.web import house

blueprint = Blueprint("health", __name__)
_LOOPBACK = ("127.", "::1")


@blueprint.get("/healthz")
def alive() -> Response:
    """Say that the process answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Say whether a tip could be taken in now: database, keys, job engine."""
    checks = {"database": _database, "keys": _keys, "jobs": _jobs}
    result = {name: _works(check, house()) for name, check in checks.items()}
    return jsonify(result), 200 if all(result.values()) else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Give counts for Prometheus, to loopback or to whoever holds the token."""
    token = house().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    local = (request.remote_addr or "").startswith(_LOOPBACK) and not request.headers.get("X-Forwarded-For")
    if not local and not (token and same(given, token)):
        abort(403)
    registry = CollectorRegistry()
    with house().database.read() as session:
        waiting = Gauge("tipline_outbox", "Outgoing messages by state", ["state"], registry=registry)
        rows = session.execute(
            select(OutMessage.state, func.count())
            .where(OutMessage.state.in_([WAITING, DEAD]))
            .group_by(OutMessage.state)
        )
        found = {state: count for state, count in rows}  # noqa: C416 - rows, not pairs
        for state in (WAITING, DEAD):
            waiting.labels(state).set(found.get(state, 0))
    if "minter" in house().__dict__:
        Gauge("tipline_receipts_ready", "Receipts minted ahead", registry=registry).set(house().minter.ready())
    return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")


def _works(check: Callable[[House], bool], instance: House) -> bool:
    try:
        return check(instance)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it is not ready
        current_app.logger.warning("not ready: %s", type(error).__name__)
        return False


def _database(instance: House) -> bool:
    instance.database.ping()
    return True


def _keys(instance: House) -> bool:
    try:
        instance.keys  # noqa: B018 - reading it is the check
    except KeyFileMissing:
        return False
    with instance.database.read() as session:
        return any(desk.key is not None for desk in all_desks(session).values())


def _jobs(_instance: House) -> bool:
    return bool(current_app.extensions["tipline_jobs"].ready())
