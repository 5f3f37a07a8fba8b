"""What the words of a text say by themselves, before it is known whose they are. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from sms import call_me, conversation, orders, questions
from sms.gateway import Inbound
from sms.questions import Told
from tipline import intake, language
from tipline.intake import Report
from tipline.triage import Advice

CHANNEL = intake.BY_PHONE


@dataclass(frozen=True)
class Heard:
    """What the words of a text say by themselves: the advice on them as a tip, and their language.

    ``lang_sure`` says that the language is to be kept for this phone, where none is yet.
    ``digits`` is the receipt that the text is, "" if it is none; ``words`` what stands after it; ``wants_receipt``
    says that it may ask for one;
    ``asked`` that it asks to be called; ``bare`` that it is but a word or number which answers any question alike;
    ``order`` what it orders to end.
    """

    advice: Advice
    lang: conversation.Lang | None
    digits: str = field(default="", repr=False)
    wants_receipt: bool = False
    asked: call_me.Asked | None = None
    bare: bool = False
    order: orders.Order | None = None
    lang_sure: bool = False
    words: str = field(default="", repr=False)

    @property
    def told(self) -> Told:
        """Return what need not be asked any more."""
        said = self.advice
        return questions.told_by(place=said.place, danger=said.danger_now, child=said.child, reasons=said.reasons)


def hear(inbound: Inbound) -> Heard:
    """Look at a text's words: needs no transaction, so that others can write meanwhile."""
    said = inbound.text
    order = orders.read(said)
    asked = call_me.read(said, inbound.number)
    found = language.find(said)
    digits, words = conversation.receipt_and_words(said) if order is None else ("", "")
    return Heard(
        intake.advise(Report(CHANNEL, said)),
        found.lang,
        conversation.typed_receipt(said) or (order.digits if order else digits),
        conversation.wants_receipt(said),
        asked,
        conversation.is_bare(said),
        order,
        found.sure and (asked is None or not asked.bare),  # "please call me" is how networks put it
        words,
    )
