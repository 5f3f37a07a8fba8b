"""The SMS dialogue: ``step(phone, text)`` says what a text is and which template answers it. Pure.

Anything that is not understood is a tip and goes to a human. The templates are data (``messages.toml``), and
so are the keywords with their misspellings (``words.toml``).
"""

from __future__ import annotations

import re
import string
import sys
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sms import questions
from sms.questions import NOT_BEGUN, NOTHING_TOLD, Question, Talk, Told, Value, Word
from sms.segments import fold, parts, segments, septets
from tipline import language
from tipline.lexicon import fold as spell
from tipline.lexicon import plain

__all__ = ["LANGS", "TEMPLATES", "Lang", "Phone", "Step", "parts", "render", "step", "table"]

Lang = Literal["st", "en"]
LANGS: tuple[Lang, Lang] = ("st", "en")
Action = Literal[
    "tip", "cry", "answer", "skip", "read", "stop", "start", "info", "language", "nothing_waiting", "empty", "receipt",
    "digits", "call", "ended",
]  # fmt: skip

_HERE = Path(__file__).parent
_TOKEN = re.compile(r"[^\W_]+")
_STOPS = ".!?,;"
_PIECE = re.compile(rf"[^\W_]+|[{_STOPS}]")
_LEET = str.maketrans("013457", "oieast")
_LONGEST_KEYWORD = 200  # letters; a longer text is no keyword, whatever it is made of
_RECEIPT = 16  # digits of a receipt
_RECEIPT_FIRST = re.compile(r"\s*((?:[0-9][ -]?){15}[0-9])[\s.,:;-]++(.+)", re.DOTALL)
_LONGEST_RECEIPT = 80  # letters; digits, what groups them, and a word or two
_ENDS = 80  # letters at the beginning and the end of a text that are looked at for a wish to be called
_MOST_BEFORE = 5  # words of greeting or politeness around it
_WORDS: tuple[Word, ...] = ("skip", "unknown", "yes", "no")
_NUMBERS = ("one", "two", "three")
_LEADS: dict[str, Word] = {"leads_yes": "yes", "leads_no": "no"}
_PAUSE = re.compile(r"\s*[^\W\d_]+\s*[,.;:!-]")
_LONGEST_LEAD = 60  # letters
_SWAP_FROM = 4  # letters from which two swapped neighbours are put right
_FUZZY_FROM = 7  # letters from which one wrong or missing letter is put right


@dataclass(frozen=True)
class Phone:
    """What is known of the phone that wrote.

    ``known``: an open thread exists; ``receipt``: it has its receipt already; ``waiting``: a message can be read
    with 1; ``stopped``: it wants no texts; ``calling``: its thread waits for a call. ``lang``: the language that it
    chose or that its texts told for sure; ``leaning``: what its thread was taken for. ``talk``: where the questions
    stand; ``told``: what the thread tells; ``fresh``: questions may be asked in it; ``written_to``: a desk has written
    into it; ``recent``: the last text came moments ago.
    """

    known: bool = False
    lang: Lang | None = None
    stopped: bool = False
    waiting: bool = False
    receipt: bool = False
    calling: bool = False
    talk: Talk = NOT_BEGUN
    told: Told = NOTHING_TOLD
    fresh: bool = False
    written_to: bool = False
    recent: bool = False
    leaning: Lang | None = None

    @property
    def speaks(self) -> Lang:
        """Return the language to answer in, where a text tells none."""
        return self.lang or self.leaning or "st"


@dataclass(frozen=True)
class Step:
    """What a text is and what answers it.

    "tip" and "cry" (a tip with danger now) are stored, in the open thread if there is one; so is an "answer" to the
    question ``answers`` (``value`` as in ``questions.Turn``), and a "skip" is not; "read" releases
    the waiting text; "language" remembers ``lang``; "receipt" asks for the thread's receipt, "digits" is one; "call"
    asks to be called (see ``sms.call_backs``).
    ``reply`` is a template's name, None where nothing is sent; ``talk`` is where the questions stand from now on,
    None where that does not change.
    """

    lang: Lang
    action: Action
    reply: str | None
    talk: Talk | None = None
    answers: Question | None = None
    value: Value = None


@dataclass(frozen=True)
class _Keyword:
    """One kind of keyword: its phrases by language, and the words that may stand beside it."""

    name: str
    phrases: dict[tuple[str, ...], Lang]
    beside: frozenset[str]


def step(phone: Phone, text: str, guessed: Lang | None = None, told: Told = NOTHING_TOLD) -> Step:
    """Say what a text is. Looks at the text as it came; what is stored is never changed by it.

    ``guessed`` is the language that ``language.guess`` finds in it, where it was asked before; ``told`` what its words
    tell, as ``questions.told_by`` says.
    """
    if is_empty(text):
        return _reply(phone, phone.speaks, "empty", "ask_again")
    if typed_receipt(text):  # right or wrong: the answer says only whether something waits
        return _reply(phone, phone.speaks, "digits", "waiting_notice" if phone.waiting else "digits_none")
    words = _tokens(text)
    if phone.waiting and not phone.stopped and _matches("read", words):
        return Step(phone.speaks, "read", None)
    if words == ("1",) and (phone.stopped or not phone.fresh or phone.talk.question != "consent"):
        return _in_both(phone, _reply(phone, phone.speaks, "nothing_waiting", "nothing_waiting"), words)
    for name in ("stop", "start", "english", "sesotho", "language", "info", "receipt", "cry"):
        spoken = _matches(name, words)
        if spoken and (name != "receipt" or len(text) <= _LONGEST_RECEIPT):
            lang = phone.speaks if _EVERYBODYS.issuperset(words) else phone.lang or spoken
            return _in_both(phone, _keyword(phone, name, lang), words)
    return _said(phone, text, words, phone.lang or guessed or language.guess(text) or phone.speaks, told)


def is_bare(text: str) -> bool:
    """Say whether a text is but a word or number that answers any question alike: again, it may answer the next."""
    words = _tokens(text)
    return _word(words) is not None or _number(words) is not None


def typed_receipt(text: str) -> str:
    """Return the sixteen digits that a text is, grouped or not, beside a word that asks for them; "" if it is not."""
    if len(text) > _LONGEST_RECEIPT or sum(map(str.isdecimal, text)) != _RECEIPT:
        return ""
    asks = _KEYWORDS["receipt"]
    digits = ""
    for word in _TOKEN.findall(plain(text)):
        if word.isdecimal():
            digits += word
        elif (token := _token(word)) not in asks.beside and (token,) not in asks.phrases:
            return ""
    return digits if len(digits) == _RECEIPT else ""


def receipt_and_words(text: str) -> tuple[str, str]:
    """Return the sixteen digits that a text begins with and the words after them; ("", "") if it does not."""
    found = _RECEIPT_FIRST.fullmatch(text)
    if found is None or not any(map(str.isalpha, found[2])):
        return "", ""
    return re.sub(r"[ -]", "", found[1]), found[2]


def wants_receipt(text: str) -> bool:
    """Say whether a text may be one that asks for a receipt: minting one takes a while, so it is asked before."""
    return len(text) <= _LONGEST_RECEIPT and _matches("receipt", _tokens(text)) is not None


def asks_for_call(text: str) -> Literal["bare", "besides", ""]:
    """Say whether a text asks to be called: with nothing else, or at its beginning or end besides what it says.

    "Do not call me" asks for the contrary, and "he said he would call me" for nothing.
    """
    if not _MAY_CALL.search(plain(text[:_LONGEST_KEYWORD] + text[-_ENDS:])):  # most texts: the rest takes a while
        return ""
    if len(text) <= _LONGEST_KEYWORD and _matches("call", _tokens(text)):
        return "bare"
    call = _KEYWORDS["call"]
    front, back = _pieces(text[:_ENDS]), _pieces(text[-_ENDS:])
    for at in range(_MOST_BEFORE + 1):
        if any(front[at : at + len(phrase)] == phrase for phrase in call.phrases):
            return "besides"
        if at >= len(front) or front[at] not in call.beside:
            break
    for end in range(len(back), max(len(back) - _MOST_BEFORE, 0), -1):
        for phrase in call.phrases:
            start = end - len(phrase)
            asked = start > 0 and (back[start - 1] in call.beside or back[start - 1] in _STOPS)
            if asked and back[start:end] == phrase:
                return "besides"
        if back[end - 1] not in call.beside and back[end - 1] not in _STOPS:
            break
    return ""


def is_empty(text: str) -> bool:
    """Say whether a text holds nothing that can be seen."""
    return all(letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf") for letter in text)


def render(key: str, lang: Lang, **fill: str) -> str:
    """Return a template, filled and folded to GSM-7. KeyError for an unknown template or a missing fill."""
    return fold(TEMPLATES[key][lang].format_map(fill))


def table() -> list[tuple[str, Lang, int, int]]:
    """Return ``(template, language, septets, segments)`` of every template with its longest filling."""
    rows: list[tuple[str, Lang, int, int]] = []
    for key in TEMPLATES:
        for lang in LANGS:
            said = render(key, lang, **LONGEST)
            rows.append((key, lang, septets(said), segments(said).count))
    return rows


def placeholders(template: str) -> set[str]:
    """Return the names that a template wants filled."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def _keyword(phone: Phone, name: str, lang: Lang) -> Step:
    match name:
        case "stop":
            return _reply(phone, lang, "stop", "stopped")
        case "start":
            return Step(lang, "start", "started")
        case "english" | "sesotho":
            return _reply(phone, "en" if name == "english" else "st", "language", "language_set")
        case "language":
            return _reply(phone, lang, "info", "language_ask")
        case "info":
            return _reply(phone, lang, "info", "info")
        case "receipt" if not phone.known:
            return _reply(phone, lang, "receipt", "receipt_none")
        case "receipt":
            return _reply(phone, lang, "receipt", "receipt_said" if phone.receipt else "receipt_given")
        case "cry":
            may_ask = not (phone.stopped or phone.waiting or phone.written_to)
            turn = questions.cry(phone.talk, phone.told, may_ask=may_ask)
            return replace(_reply(phone, lang, "cry", turn.reply), talk=turn.talk)
        case _:
            message = "Programming error: no such keyword"
            raise AssertionError(message)


def _said(phone: Phone, text: str, words: tuple[str, ...], lang: Lang, told: Told) -> Step:
    """Take a text as words of the reporter: a first text, an answer, or more of the story."""
    quiet = phone.stopped or phone.waiting or phone.written_to or phone.receipt or phone.calling
    annoyed = not _ANNOYED.isdisjoint(words)
    if not phone.known:
        turn = questions.begin(told, may_ask=not quiet and not annoyed, text=text)
    else:
        number = _number(words)
        if phone.stopped or (number == questions.CONTENT and not phone.fresh):  # a late 1 is for what no longer waits
            number = None
        word = _word(words)
        if word is None and phone.talk.question in {"danger", "child"}:
            word = _leading(text, words)
        said = questions.said(text, word, number, told=told, follows=phone.recent, more=phone.talk.more)
        said = replace(said, annoyed=annoyed)
        may_ask = phone.fresh and not quiet
        turn = questions.go_on(phone.talk, said, phone.told, may_ask=may_ask, listens=not phone.written_to)
    action: Action = "skip" if turn.skips else "answer" if turn.answers else "tip"
    return Step(lang, action, None if phone.stopped else turn.reply, turn.talk, turn.answers, turn.value)


def _word(words: tuple[str, ...]) -> Word | None:
    return next((name for name in _WORDS if _matches(name, words)), None)


def _leading(text: str, words: tuple[str, ...]) -> Word | None:
    """Return what a short text begins with, a yes or a no: E, o kotsing; ee ba babeli; no, she is twenty."""
    if not words or len(text) > _LONGEST_LEAD:
        return None
    for name, word in _LEADS.items():
        if words[:1] in _KEYWORDS[name].phrases or (_PAUSE.match(text) and words[:1] in _KEYWORDS[word].phrases):
            return word
    return None


def _number(words: tuple[str, ...]) -> int | None:
    return next((at for at, name in enumerate(_NUMBERS, 1) if _matches(name, words)), None)


def _reply(phone: Phone, lang: Lang, action: Action, template: str | None) -> Step:
    """Answer, unless the phone wants no texts: STOP holds until START, and what is written is kept anyway."""
    return Step(lang, action, None if phone.stopped else template)


def _in_both(phone: Phone, step: Step, words: tuple[str, ...]) -> Step:
    """Answer in both languages where nothing tells which, if one segment holds both; else it stays Sesotho."""
    both = f"{step.reply}_both"
    nothing_tells = not (phone.lang or phone.leaning) and _EVERYBODYS.issuperset(words)
    return replace(step, reply=both) if nothing_tells and both in TEMPLATES else step


def _pieces(text: str) -> tuple[str, ...]:
    """Return folded words, and what ends a sentence as a word of its own."""
    return tuple(spell(word) for word in _PIECE.findall(plain(text)))


def _tokens(text: str) -> tuple[str, ...]:
    """Return a short text as folded words; a longer one is no keyword and gives none."""
    if len(text) > _LONGEST_KEYWORD:
        return ()
    words = _TOKEN.findall(plain(text))
    if len(words) > 2 and all(len(word) == 1 for word in words):  # noqa: PLR2004 - h e l p, s.t.o.p
        words = ["".join(words)]
    return tuple(_token(word) for word in words)


def _token(word: str) -> str:
    if not word.isalpha() and not word.isdecimal():
        word = word.translate(_LEET)
    return spell(word)


def _matches(name: str, words: tuple[str, ...]) -> Lang | None:
    """Return the keyword's language if the text holds it and only what may stand beside it, else None."""
    keyword = _KEYWORDS[name]
    spoken: Lang | None = None
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            found = keyword.phrases.get(words[at : at + length])
            if found and at + length <= len(words):
                spoken = spoken or found
                at += length
                break
        else:
            if words[at] not in keyword.beside:
                return _misspelt(keyword, words[0]) if len(words) == 1 else None
            at += 1
    return spoken


tokens, matches = _tokens, _matches  # for the dialogues beside this one


def _misspelt(keyword: _Keyword, word: str) -> Lang | None:
    if word in _NOT or any((word,) in other.phrases for other in _KEYWORDS.values()):
        return None
    for phrase, lang in keyword.phrases.items():
        if len(phrase) == 1 and _near(word, phrase[0]):
            return lang
    return None


def _near(word: str, right: str) -> bool:
    """Say whether a word is ``right`` but for two swapped neighbours or, if long, for one letter."""
    if len(word) == len(right):
        wrong = [at for at, letter in enumerate(word) if letter != right[at]]
        if len(wrong) == 2 and len(right) >= _SWAP_FROM:  # noqa: PLR2004 - the two of a swap
            one, two = wrong
            return two == one + 1 and word[one] == right[two] and word[two] == right[one]
        return len(wrong) == 1 and len(right) >= _FUZZY_FROM
    longer, shorter = (word, right) if len(word) > len(right) else (right, word)
    if len(longer) != len(shorter) + 1 or len(right) < _FUZZY_FROM:
        return False
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))


def _load_words() -> tuple[dict[str, _Keyword], list[frozenset[str]]]:
    data = _read("words.toml")
    lists = [frozenset(map(_token, plain(data.pop(name)["words"]).split())) for name in ("not", "annoyed", "everybody")]
    keywords: dict[str, _Keyword] = {}
    for name, block in data.items():
        phrases: dict[tuple[str, ...], Lang] = {}
        for lang in LANGS:
            for phrase in block[lang].split():
                phrases.setdefault(tuple(_token(plain(word)) for word in phrase.split("-")), lang)
        beside = frozenset(_token(plain(word)) for word in block["with"].split())
        keywords[name] = _Keyword(name, phrases, beside)
    return keywords, lists


def _load_messages() -> tuple[dict[str, dict[Lang, str]], dict[str, str]]:
    data = _read("messages.toml")
    longest = data.pop("longest")
    return data, longest


TEMPLATES, LONGEST = _load_messages()
_KEYWORDS, (_NOT, _ANNOYED, _EVERYBODYS) = _load_words()
_MAY_CALL = re.compile("|".join(_read("words.toml")["call"]["letters"].split()))


def main() -> None:
    """Print the table of templates (``python -m sms.conversation``)."""
    for key, lang, weight, count in table():
        sys.stdout.write(f"{key:20} {lang}  {weight:3} septets  {count} segment{'s' if count > 1 else ''}\n")


if __name__ == "__main__":
    main()
