"""The questions that follow a first text: one at a time, each asked once, each skipped with a word. Pure.

Where is it? Is anybody in danger now? Is a child in it? May we write back, and how? What the texts say by themselves
is not asked. A cry for help is asked for the place alone; whoever answers something else twice is left in peace. Every
answer is also words of the reporter: it is kept and read by a person, whatever is made of it here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sms.segments import is_gsm
from tipline import parts

Question = Literal["where", "danger", "child", "consent"]
Word = Literal["skip", "unknown", "yes", "no"]
Value = bool | int | None
ORDER: tuple[Question, ...] = ("where", "danger", "child", "consent")
CONTENT, NOTICE, NOTHING = 1, 2, 3  # how we may write back: the answer itself, only that there is one, not at all
LONGEST_ANSWER = 100  # characters; more than that is a story
# Why a text is a cry of whoever is in it, not a word about others (codes of triage).
_FRIGHTENED = {"cry_for_help", "calls_for_rescue", "held_now", "in_flight", "life_threatened", "weapon"}
_LETTERS: dict[str, Question] = {"w": "where", "d": "danger", "c": "child", "t": "consent"}
_AGREED: dict[Value, str | None] = {CONTENT: "will_write", NOTICE: "will_notify", NOTHING: None}
_OPEN, _MORE, _MISSED, _OVER = "?", "+", "-", "."
_FULL = range(140, 161)  # septets of a text that may be the first part of a longer one
_FULL_UCS2 = range(60, 71)  # … and characters, where one is outside GSM-7


@dataclass(frozen=True)
class Told:
    """What a thread, or one text, tells without being asked."""

    place: bool = False
    danger: bool = False
    child: bool = False
    frightened: bool = False

    def __or__(self, other: Told) -> Told:
        """Return what either tells."""
        return Told(
            self.place or other.place,
            self.danger or other.danger,
            self.child or other.child,
            self.frightened or other.frightened,
        )


NOTHING_TOLD = Told()


@dataclass(frozen=True)
class Talk:
    """Where the questions to a phone stand: those asked, in their order; ``open``: the last waits for its answer.

    ``more``: the last text may have been cut off and go on in the next; ``missed``: it was asked one thing and said
    another; ``over``: nothing more is asked.
    """

    asked: tuple[Question, ...] = ()
    open: bool = False
    more: bool = False
    missed: bool = False
    over: bool = False

    @property
    def question(self) -> Question | None:
        """Return the question that waits for its answer."""
        return self.asked[-1] if self.open and self.asked else None

    def pack(self) -> str:
        """Return this in at most eight letters, as it is kept beside the phone's thread."""
        flags = (self.open, _OPEN), (self.more, _MORE), (self.missed, _MISSED), (self.over, _OVER)
        return "".join(one[0] if one != "consent" else "t" for one in self.asked) + "".join(
            letter for holds, letter in flags if holds
        )

    @classmethod
    def unpack(cls, kept: str | None) -> Talk:
        """Undo ``pack``; of nothing kept, nothing was asked."""
        kept = kept or ""
        asked = tuple(_LETTERS[letter] for letter in kept if letter in _LETTERS)
        return cls(asked, _OPEN in kept and bool(asked), _MORE in kept, _MISSED in kept, _OVER in kept)


NOT_BEGUN = Talk()


@dataclass(frozen=True)
class Said:
    """A text, as an answer might be read: the one word or number that it is, and whether it can be an answer at all."""

    word: Word | None = None
    number: int | None = None
    story: bool = False  # too long for an answer, a part of something longer, or a question of its own
    asks: bool = False  # a short question to us: it is never left without a word
    goes_on: bool = False  # the rest of what was said a moment ago
    may_go_on: bool = False
    annoyed: bool = False
    told: Told = NOTHING_TOLD


@dataclass(frozen=True)
class Turn:
    """What is made of a text.

    ``answers``: the question that it answers and with what (None: in words); ``skips``: it only passes one over.
    ``reply`` is a template's name, None where nothing is sent.
    """

    talk: Talk
    reply: str | None
    answers: Question | None = None
    value: Value = None
    skips: bool = False


def told_by(*, place: str | None, danger: bool | None, child: bool | None, reasons: tuple[str, ...] = ()) -> Told:
    """Return what is told: a danger that was not mentioned is not thereby denied."""
    return Told(place is not None, danger is True, child is not None, not _FRIGHTENED.isdisjoint(reasons))


def said(text: str, word: Word | None, number: int | None, *, told: Told, follows: bool, more: bool) -> Said:
    """Look at a text as an answer. ``follows``: it came moments after the last one; ``more``: that one may go on."""
    part = parts.part(text)
    return Said(
        word,
        number,
        story=part is not None or len(text) > LONGEST_ANSWER or "?" in text,
        asks=part is None and len(text) <= LONGEST_ANSWER and "?" in text,
        goes_on=follows and more,
        may_go_on=part is not None or may_go_on(text),
        told=told,
    )


def may_go_on(text: str) -> bool:
    """Say whether a text is as long as the first part of one that was cut into parts."""
    return len(text) in _FULL or (len(text) in _FULL_UCS2 and not is_gsm(text))


def begin(told: Told, *, may_ask: bool, text: str = "") -> Turn:
    """Answer a first text, with the first question."""
    talk = Talk(more=parts.part(text) is not None or may_go_on(text), over=told.frightened)
    if told.frightened:
        return _safe(talk, told, "safe_where") if may_ask else Turn(talk, "safe_received")
    question = _next(talk, told) if may_ask else None
    if question is None:
        return Turn(talk, "tip_received")
    return Turn(_ask(talk, question), f"tip_{question}")


def cry(talk: Talk, told: Told, *, may_ask: bool) -> Turn:
    """Answer a cry for help: people to trust, and the place if it is not known. Nothing else is asked from then on."""
    talk = replace(talk, open=talk.question == "where", missed=False, more=False, over=True)
    return _safe(talk, told, "cry_received") if may_ask else Turn(talk, "safe_received")


def go_on(talk: Talk, text: Said, told: Told, *, may_ask: bool, listens: bool) -> Turn:
    """Answer further words in a thread. ``told`` is what the thread tells; ``listens``: a question may be answered.

    A desk that has written listens to whatever comes next: from then on only a number is an answer, and only to
    how we may write back.
    """
    question = talk.question
    if question is not None and not listens and not (question == "consent" and text.number):
        question = None
    known = told | text.told
    answer = _answer(question, text) if question else None
    over = talk.over or text.annoyed or (text.told.frightened and text.word is None)
    talk = replace(talk, more=text.may_go_on, over=over)
    if question is not None and answer is not None:
        talk = replace(talk, open=False, missed=False)
        return _answered(talk, question, answer, known, may_ask=may_ask)
    if text.goes_on:  # one acknowledgement for all the parts; a short one may be an answer that we do not know
        return Turn(talk, None if text.story and not text.asks else "tip_received_again")
    if text.told.frightened and text.word is None:
        talk = replace(talk, open=talk.question == "where")
        return _safe(talk, known, "safe_where") if may_ask else Turn(talk, "safe_received")
    if question is not None and not text.story:  # for the second time: no more questions
        talk = replace(talk, open=question == "consent", missed=True, over=talk.over or talk.missed)
    return _more(talk, known, may_ask=may_ask)


@dataclass(frozen=True)
class _Answer:
    value: Value = None
    skips: bool = False


def _answer(question: Question, text: Said) -> _Answer | None:
    """Return what a text answers to a question, None if it answers something else."""
    if text.word == "skip":
        return _Answer(skips=True)
    if text.annoyed:
        return None
    if question == "consent":
        number = text.number or {"yes": NOTICE, "no": NOTHING}.get(text.word or "")
        return _Answer(number) if number in {CONTENT, NOTICE, NOTHING} else None
    if text.word == "unknown":
        return _Answer()
    if question == "where":
        if text.goes_on or text.story:
            return _Answer() if text.told.place and not text.story else None
        return _Answer()
    if text.word in {"yes", "no"}:
        return _Answer(text.word == "yes")
    told = text.told.danger if question == "danger" else text.told.child
    return _Answer() if told and not text.story and not text.goes_on else None


def _answered(talk: Talk, question: Question, answer: _Answer, known: Told, *, may_ask: bool) -> Turn:
    turn = Turn(talk, "all_heard", question, answer.value, answer.skips)
    if question == "consent":
        return replace(turn, reply=_AGREED[answer.value]) if answer.value else turn
    danger = question == "danger" and (answer.value is True or known.danger)
    then = _next(talk, known) if may_ask else None
    if then is not None and (then == "child" or not danger):
        return replace(turn, talk=_ask(talk, then), reply="safe_child" if danger else f"ask_{then}")
    if danger:  # safety first; what is left is asked when more is said
        return replace(turn, reply="safe_received")
    return replace(turn, reply="safe_heard") if talk.over and known.danger else turn


def _more(talk: Talk, known: Told, *, may_ask: bool) -> Turn:
    """Answer words that answer no question; the next one comes where none waits, or where they tell what was asked."""
    question = talk.question
    if question is not None and question not in _unknown(known):
        talk = replace(talk, open=False)
        question = None
    then = _next(talk, known) if may_ask and question is None else None
    return Turn(_ask(talk, then), f"ask_{then}") if then else Turn(talk, "tip_received_again")


def _safe(talk: Talk, told: Told, where: str) -> Turn:
    """Answer whoever is in danger, and ask for the place if that was not done and nothing tells it."""
    if "where" in talk.asked or told.place:
        return Turn(talk, "safe_received")
    return Turn(_ask(talk, "where"), where)


def _ask(talk: Talk, question: Question) -> Talk:
    return replace(talk, asked=(*talk.asked, question), open=True)


def _next(talk: Talk, known: Told) -> Question | None:
    if talk.over:
        return None
    return next((one for one in ORDER if one in _unknown(known) and one not in talk.asked), None)


def _unknown(known: Told) -> set[Question]:
    told = {"where": known.place, "danger": known.danger, "child": known.child}
    return {one for one in ORDER if not told.get(one, False)}
