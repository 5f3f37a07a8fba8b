"""Words and phrases as people write them: folding, reading the word lists, and finding them in a text. Pure.

A text becomes a row of folded words. Every word class and every phrase becomes one integer with a bit for
each word of the text, so finding a phrase is a few shifts and ands: linear in the text, no backtracking
whatever it holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

# Longest first where one contains another; the South African spelling becomes the one of Lesotho.
_SPELLING = (
    (re.compile(r"tjh|tj(?=[aeiou])"), "ch"),
    (re.compile(r"tsh"), "ts"),
    (re.compile(r"kg"), "kh"),
    (re.compile(r"d(?=[iu])"), "l"),
    (re.compile(r"w(?=[aei])"), "o"),
    (re.compile(r"y(?=[aeo])"), "e"),
)
_DOUBLED = re.compile(r"(.)\1+")
_NOT_DOUBLED = {"banna"}  # men; with one n they would be children
_SHORT = 3  # of, off; la, lla: in short words the second letter tells them apart
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´ʹ′")  # the marks people type for an apostrophe
_TOKEN = re.compile(r"\d+|[^\W\d_]+|[.!?;\n…]+")
_GLUED = re.compile(r"\b[a-z]+\d+[a-z]*\b|\b\d+[a-z]+\b")
_FUZZY_FROM = 5  # shorter words differ by one letter too often; words of this length only by letters changed round
_FUZZY_WORDS = 400  # unknown words of one text that are compared with a letter's difference
_HEAD, _LONGEST_STEM = 3, 14  # letters of a beginning: at least, and at most
_NONE: frozenset[str] = frozenset()
_LOOKED_AT = 3  # items of a phrase that are looked for before it is matched
_NEAR, _FAR = 3, 8  # words that `..` and `...` may stand for

# Sesotho glues who does it, and to whom, to the verb; people glue or part them as they like.
_CONCORDS = {"a", "o", "e", "u", "i", "ba", "ke", "re", "le", "se", "li", "mo", "oa", "ea",
             "ha", "kea", "rea", "lea", "baa", "tla", "nke", "bo"}  # fmt: skip
_CONCORD_LENGTHS = (1, 2, 3)
# What a Sesotho verb's first letter becomes after the n- of "me" (ho thusa, nthuse; ho otla, nkotla).
_AFTER_N = (
    ("hl", "ntlh"), ("ts", "nts"), ("th", "nth"), ("kh", "nkh"), ("ch", "nch"), ("sh", "nch"),
    ("l", "nt"), ("b", "mp"), ("r", "nth"), ("h", "nk"), ("f", "mph"), ("s", "nts"),
    ("a", "nka"), ("e", "nke"), ("i", "nki"), ("o", "nko"), ("u", "nku"),
)  # fmt: skip


def plain(text: str) -> str:
    """Lower the case and drop accents and apostrophes: ``Ramatšeliso's`` → ``ramatselisos``."""
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_APOSTROPHES)
    return "".join(char for char in text if not unicodedata.combining(char)) if not text.isascii() else text


def fold(word: str) -> str:
    """Bring one plain word to the spelling that all spellings share: ``ngwana`` and ``ngoana`` are one."""
    word = _spelt(word)
    return word if len(word) <= _SHORT or word in _NOT_DOUBLED else _DOUBLED.sub(r"\1", word)


def _fold_all(said: list[str]) -> tuple[str, ...]:
    """Fold many words, all of them at once: no pattern reaches over a space."""
    spelt = _spelt(" ".join(said))
    both = zip(spelt.split(), _DOUBLED.sub(itemgetter(1), spelt).split(), strict=True)
    return tuple([word if len(word) <= _SHORT or word in _NOT_DOUBLED else single for word, single in both])


def _spelt(text: str) -> str:
    for pattern, instead in _SPELLING:
        text = pattern.sub(instead, text)
    return text


@dataclass(frozen=True)
class Words:
    """A text as folded words.

    ``starts`` has a bit for each word that begins a sentence; a phrase never reaches over it.
    """

    raw: tuple[str, ...]
    folded: tuple[str, ...]
    starts: int
    asks: bool


def words(text: str, shorthand: dict[str, str] | None = None) -> Words:
    """Cut a text into folded words; ``shorthand`` says what the likes of ``2moro`` stand for."""
    short = shorthand or {}
    text = plain(text)
    if short:
        text = _GLUED.sub(lambda hit: short.get(hit.group(), hit.group()), text)
    raw: list[str] = []
    starts, asks, begins = 0, False, True
    for token in _TOKEN.findall(text):
        if not token[0].isalnum():
            begins = True
            asks = asks or "?" in token
            continue
        for word in short.get(token, token).split():
            if begins:
                starts |= 1 << len(raw)
                begins = False
            raw.append(word)
    return Words(tuple(raw), _fold_all(raw), starts, asks)


@dataclass(frozen=True)
class _Item:
    """One place in a phrase: any of ``names`` (``=word`` or class), after at most ``gap`` other words."""

    names: tuple[str, ...]
    gap: int


@dataclass(frozen=True)
class _Phrase:
    items: tuple[_Item, ...]
    unless: tuple[str, ...]  # classes that must not stand in the three words before


class Found:
    """What stands in one text: for each class a number with a bit for each word (or a phrase's last word)."""

    def __init__(self, text: Words) -> None:
        """Start empty."""
        self.text = text
        self.bits: dict[str, int] = {}

    def has(self, *names: str) -> bool:
        """Tell whether any of these classes stands in the text."""
        for name in names:  # noqa: SIM110 - asked a hundred times a text
            if name in self.bits:
                return True
        return False

    def count(self, *names: str) -> int:
        """Count the words of these classes (and the phrases, by their last word)."""
        return self.union(names).bit_count()

    def union(self, names: Iterable[str]) -> int:
        """Return the bits of all these classes."""
        bits = 0
        for name in names:
            bits |= self.bits.get(name, 0)
        return bits

    def _smear(self, bits: int, reach: int, starts: int) -> int:
        reached, step = 0, bits
        for _ in range(reach):
            step = (step << 1) & ~starts
            if not step:
                break
            reached |= step
        return reached

    def match(self, phrase: _Phrase) -> int:
        """Return the bits of the last words of this phrase wherever it stands."""
        now = self.union(phrase.items[0].names)
        if now and phrase.unless:
            now &= ~self._smear(self.union(phrase.unless), _NEAR, self.text.starts)
        for item in phrase.items[1:]:
            if not now:
                return 0
            wanted = self.union(item.names)
            now = self._smear(now, item.gap + 1, self.text.starts) & wanted if wanted else 0
        return now


class Lexicon:
    """Word classes and phrases, read once from their lists."""

    def __init__(
        self,
        classes: dict[str, str],
        phrases: dict[str, str],
        shorthand: dict[str, str],
    ) -> None:
        """Take lists as they stand in the data.

        ``classes``: words parted by spaces; ``stem*`` any ending, ``~root`` a Sesotho verb with what is
        glued to it
        (done to the speaker, it is in the class ``…@me`` too: nthekisa, nkotla).
        ``phrases``: one a line; ``{a|b}`` classes, ``x|y`` words, ``..`` up to three words between, ``...``
        up to eight, ``-{a}`` in front: not if that stands just before.
        """
        self.shorthand = {plain(key): value for key, value in shorthand.items()}
        self._exact: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        self._roots: dict[str, set[str]] = {}
        for name, listed in classes.items():
            for word in listed.split():
                self._add(name, word)
        self._phrases: list[tuple[str, _Phrase]] = []
        for name, listed in phrases.items():
            for line in listed.strip().splitlines():
                if line.strip():
                    self._phrases.append((name, self._phrase(line)))
        self.names = (
            frozenset(classes) | frozenset(phrases) | {"number", "unknown"} | {name + "@me" for name in classes}
        )
        self._check(frozenset(classes))
        self._with = self._phrases_by_name()
        self._known = {word: self.classes(word) for word in self._exact}
        self._by_deletion: dict[str, list[str]] = {}
        for word in self._exact:
            if len(word) >= _FUZZY_FROM:
                for shorter in (word, *deletions(word)):
                    self._by_deletion.setdefault(shorter, []).append(word)

    def _check(self, classes: frozenset[str]) -> None:
        """Raise ValueError if a phrase uses what is no list, or a list of phrases that stands below it."""
        known = set(classes) | {"number", "unknown"} | {name + "@me" for name in classes}
        for name, phrase in self._phrases:
            used = {part for item in phrase.items for part in item.names} | set(phrase.unless)
            strange = {part for part in used if not part.startswith("=")} - known
            if strange:
                raise ValueError(f"phrases for {name} use what is no list above them: {sorted(strange)}")
            known.add(name)

    def _phrases_by_name(self) -> dict[str, int]:
        """Return for each name a row of bits, one for each phrase, for each of their first items.

        A bit says that the phrase has the name there; those of "" that it is too short to have such an item.
        """
        rows: dict[str, int] = {}
        for at, (_, phrase) in enumerate(self._phrases):
            for item in range(_LOOKED_AT):
                for name in phrase.items[item].names if item < len(phrase.items) else ("",):
                    rows[name] = rows.get(name, 0) | 1 << at + item * len(self._phrases)
        return rows

    def _add(self, name: str, word: str) -> None:
        if word.startswith("~"):
            root = plain(word[1:])
            _put(self._roots, fold(root), name)
            _put(self._roots, fold(_after_n(root)), name, name + "@me")
        elif word.endswith("*"):
            _put(self._stems, fold(plain(word[:-1])), name)
        else:
            self._exact.setdefault(fold(plain(word)), set()).add(name)

    def _phrase(self, line: str) -> _Phrase:
        items: list[_Item] = []
        unless: tuple[str, ...] = ()
        gap = 0
        for part in line.split():
            if part == "..":
                gap = _NEAR
            elif part == "...":
                gap = _FAR
            elif part.startswith("-{"):
                unless = tuple(part[2:-1].split("|"))
            elif part.startswith("{"):
                items.append(_Item(tuple(part[1:-1].split("|")), gap))
                gap = 0
            else:
                literal = tuple("=" + fold(plain(word)) for word in part.split("|"))
                for name in literal:
                    self._exact.setdefault(name[1:], set()).add(name)
                items.append(_Item(literal, gap))
                gap = 0
        return _Phrase(tuple(items), unless)

    def find(self, text: str) -> Found:
        """Find every class and phrase in a text."""
        cut = words(text, self.shorthand)
        found = Found(cut)
        if not cut.folded:
            return found
        where: dict[str, int] = {}
        for place, word in enumerate(cut.folded):
            where[word] = where.get(word, 0) | 1 << place
        left = _FUZZY_WORDS
        for word, bits in where.items():
            names = self._known.get(word) or self.classes(word)
            if not names and left and len(word) >= _FUZZY_FROM:
                left -= 1
                names = self._almost(word)
            for name in names or ("unknown",):
                found.bits[name] = found.bits.get(name, 0) | bits
        self._add_phrases(found)
        return found

    def _add_phrases(self, found: Found) -> None:
        """Match the phrases in their order; one of which an item is nowhere in the text is not looked at."""
        there = self._with[""]
        for name in found.bits:
            there |= self._with.get(name, 0)
        maybe = self._whole(there)
        while maybe:
            at = (maybe & -maybe).bit_length() - 1
            name, phrase = self._phrases[at]
            hit = found.match(phrase)
            if hit and name not in found.bits:  # phrases below may hold what this one is
                there |= self._with.get(name, 0)
            if hit:
                found.bits[name] = found.bits.get(name, 0) | hit
            maybe = self._whole(there) >> (at + 1) << (at + 1)

    def _whole(self, there: int) -> int:
        """Return the phrases (a bit for each) that stand in every row."""
        size = len(self._phrases)
        whole = (1 << size) - 1
        for item in range(_LOOKED_AT):
            whole &= there >> item * size
        return whole

    def classes(self, word: str) -> frozenset[str]:
        """Return the classes of one folded word as it stands, without guessing at misspellings."""
        if word.isdigit():
            return frozenset(("number", *self._exact.get(word, ())))
        names = set(self._exact.get(word, ()))
        if word.endswith("in"):  # takin, puttin
            names |= self._exact.get(word + "g", _NONE)
        names |= _begins(word, self._stems)
        names |= _begins(word, self._roots)
        for length in _CONCORD_LENGTHS:
            if word[:length] in _CONCORDS:
                names |= _begins(word[length:], self._roots)
        return frozenset(names)

    def _almost(self, word: str) -> frozenset[str]:
        """Return the classes of the words that differ by one letter (or two letters changed round)."""
        near: set[str] = set()
        for shorter in (word, *deletions(word)):
            for candidate in self._by_deletion.get(shorter, ()):
                if candidate[0] != word[0] or abs(len(candidate) - len(word)) > 1:
                    continue
                if len(word) > _FUZZY_FROM or sorted(candidate) == sorted(word):
                    near |= {name for name in self._exact[candidate] if not name.startswith("=")}
        return frozenset(near)


def _begins(word: str, beginnings: dict[str, set[str]]) -> set[str]:
    """Return the classes of all beginnings of this word (``_put`` keeps their first letters too)."""
    names: set[str] = set()
    if word[:_HEAD] in beginnings:
        for length in range(_HEAD, min(len(word), _LONGEST_STEM) + 1):
            names |= beginnings.get(word[:length], _NONE)
    return names


def _put(beginnings: dict[str, set[str]], stem: str, *names: str) -> None:
    beginnings.setdefault(stem[:_HEAD], set())
    beginnings.setdefault(stem, set()).update(names)


def _after_n(root: str) -> str:
    for first, after in _AFTER_N:
        if root.startswith(first):
            return after + root[len(first) :]
    return "n" + root


def deletions(word: str) -> list[str]:
    """Return the word with each letter left out in turn: words that share one are a letter apart."""
    return [word[:at] + word[at + 1 :] for at in range(len(word))]
