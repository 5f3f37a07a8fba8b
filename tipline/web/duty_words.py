"""The duty to report, approvals and outcomes put into words for the desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

EVENTS = {
    "not_passed_on": _l("A reason was written why it is not passed on to the police"),
    "told_though_excluded": _l("A reason was written why the police are told although the reporter asked otherwise"),
    "police_told": _l("The police were told"),
    "receipt_added": _l("The police’s own number was kept"),
    "report_made": _l("Put a report to the police on paper"),
    "close_proposed": _l("Proposed to close without action"),
    "close_approved": _l("The supervisor agreed to close it without action"),
    "close_returned": _l("The supervisor did not agree to close it"),
}
DONE = {
    "proposed": _l("Your supervisor is asked. The tip stays open until they agree."),
    "explained": _l("Your reason is kept."),
    "returned": _l("It was sent back with your reason. The tip stays open."),
    "police_told": _l("It is kept that the police were told."),
    "receipt_added": _l("The police’s number is kept."),
}
PARTS = {
    "what": _l("What it is about"),
    "where": _l("Where"),
    "when": _l("When"),
    "danger": _l("Somebody in danger now"),
    "child": _l("A child is concerned"),
    "words": _l("The reporter’s own words"),
    "later": _l("What the reporter wrote later"),
}
COUNTS = {
    "identified": _l("Victims identified"),
    "clients_served": _l("People served"),
    "residential": _l("Stayed in the shelter"),
    "reintegrated": _l("Reintegrated"),
    "non_residential": _l("Followed up outside the shelter"),
}


def event(kind: str) -> str:
    """Return what was done about the duty to report, in words; "" where it was something else."""
    return str(EVENTS.get(kind, ""))
