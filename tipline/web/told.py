"""What a reporter told, as a tip's page shows it: long texts in one piece, answers beside their questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l

from tipline import parts, priority, thread
from tipline.casework import View
from tipline.models import Tip
from tipline.thread import Opened
from tipline.web.words import yes_no

ASKED = {
    "where": _l("asked where it is"),
    "danger": _l("asked whether anyone is in danger now"),
    "child": _l("asked whether a child is concerned"),
    "consent": _l("asked how we may write back"),
}
CONSENT = {1: _l("The answer itself, by text"), 2: _l("Only that a message waits"), 3: _l("No texts")}
_STORY = 0  # no entry has this id
_AN_HOUR = timedelta(hours=1)
_RAISED = ("raised", priority.NEWER)


@dataclass(frozen=True)
class Told:
    """The story and the conversation.

    ``joined``: entry (0: the story) → in how many texts it came; ``answers``: question → what was answered by text;
    ``raised``: the entry whose words were the last to raise the priority, None if none did or it cannot be read.
    """

    story: str | None = field(repr=False)
    talk: tuple[Opened, ...] = field(repr=False)
    joined: Mapping[int, int]
    answers: Mapping[str, str] = field(repr=False)
    raised: int | None = None


def told(tip: Tip, view: View) -> Told:
    """Put in order what came in parts (the order of arrival where nothing says another) and gather the answers."""
    talk = [one for one in view.thread if one.kind in {thread.MESSAGE, thread.REPLY}]
    said = [
        parts.Said(one.id, one.created_at, str(one.data["text"]))
        for one in talk
        if one.kind == thread.MESSAGE and one.data is not None and "text" in one.data
    ]
    if view.text is not None:
        said.insert(0, parts.Said(_STORY, _moment(tip, said), view.text))
    whole = {one.keys[0]: one for one in parts.joined(said)}
    rest = {key for one in whole.values() for key in one.keys[1:]}
    shown = [
        replace(one, data={**(one.data or {}), "text": whole[one.id].text}) if one.id in whole else one
        for one in talk
        if one.id not in rest
    ]
    story = whole[_STORY].text if _STORY in whole else view.text
    return Told(
        story, tuple(shown), {key: len(one.keys) for key, one in whole.items() if len(one.keys) > 1}, _answers(talk),
        raised=_raised(view, {key: one.keys[0] for one in whole.values() for key in one.keys}),
    )  # fmt: skip


def _raised(view: View, shown_at: Mapping[int, int]) -> int | None:
    """Return where the words stand that were last to raise the priority: they are kept at the event's very moment."""
    at = next((one.at for one in reversed(view.events) if one.kind in _RAISED), None)
    found = [one.id for one in view.thread if one.created_at == at and one.id in shown_at]
    return shown_at[found[-1]] if found else None


def _moment(tip: Tip, said: list[parts.Said]) -> datetime:
    """Return when the story came; of a closed tip only the hour is known, so the next text's time may stand for it."""
    first = said[0].at if said else tip.received_at
    return max(tip.received_at, min(first, tip.received_at + _AN_HOUR))


def _answers(talk: list[Opened]) -> dict[str, str]:
    """Return what was answered, the last word on each question."""
    found: dict[str, str] = {}
    for one in talk:
        data = one.data or {}
        question, value = data.get("answers"), data.get("value")
        if question not in ASKED:
            continue
        if question == "consent":
            found[question] = str(CONSENT.get(value if isinstance(value, int) else 0, ""))
        elif isinstance(value, bool):
            found[question] = yes_no(value)
        else:
            found[question] = f"“{data.get('text', '')}”"
    return found
