"""The administrator's page of the carriers: how each does, what waits, what was given up. No tip is read here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from tipline import abuse, costs, delivery
from tipline.accounts import Identity
from tipline.outbox import refusals
from tipline.web import house, tip_page
from tipline.web.session import page, signed_in

blueprint = Blueprint("carriers", __name__)
LARGEST = 2**63 - 1  # a row's number
MONTHS = 12  # whose costs are shown one by one


@blueprint.get("/desk/carriers")
@signed_in("admin")
def every(who: Identity) -> str:
    """Show every carrier that sends, the queue, and what was given up."""
    here = house()
    gateways: Mapping[str, Any] = current_app.extensions["tipline_gateways"]
    sending = [name for name in here.settings.carriers if name in gateways]
    with here.database.read() as session:
        spent = costs.spent(session)
        last, minutes = abuse.held_back(session, here.clock())
        return page(
            "desk/carriers.html",
            who,
            health=delivery.health(session, sending, here.clock(), tip_page.reports()),
            by_kind=here.settings.carriers_by_kind,
            patience=here.settings.unconfirmed_after,
            prices=here.settings.prices,
            spent=spent,
            total={name: costs.total(months) for name, months in spent.items()},
            shown_months=MONTHS,
            refusals=refusals,
            reports={name: gateways[name].reports for name in sending},
            queue=delivery.queue(session),
            dead=delivery.dead_ones(session),
            most=delivery.MOST,
            holding=abuse.in_force(last, here.clock()),
            held_minutes=minutes,
        )


@blueprint.post(f"/desk/carriers/<int(max={LARGEST}):number>/again")
@signed_in("admin")
def again(who: Identity, number: int) -> AnyResponse:
    """Have a message that was given up tried again."""
    here = house()
    with here.database.write() as session:
        delivery.try_again(session, number, here.clock(), who.account_id)
        here.note(session, who, "message_retried", number)
    here.wake()
    return redirect(url_for("accounts.carriers.every", done="again"), 303)
