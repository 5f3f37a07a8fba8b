"""Which of the two languages a text is in. Pure."""

from __future__ import annotations

import re
from typing import Literal

from tipline.lexicon import words

# Small words tell a language better than long ones; those that both have (a, me, on, so, to, he, be …) tell nothing.
_ST = frozenset(
    """ke ka ha ho le ba ea oa la re se mo moo na li tsa tse tla ntse joale joang kajeno hosane bosiu hona mona eo ena eena
    rona uena lona bona haholo empa kapa hore ngoana bana banana monna mosali batho motho mosebetsi chelete ntlo ntlong
    sekolo sekolong ntate ausi abuti malome thusa nthuse thuso thusang kopo kopa hle lumela lumelang khotso leboha kea rea
    lea eng mang kae neng che eseng feela leliboho noka nokeng moputso mohiri pasa litokomane lilemo khotsong helang hae
    hape pele morao kotsing batla utloa tseba sebetsa bua ngola romela khetha tsoela sheba mohala letsatsi kamoso ko tlhe
    ntho lintho lapeng motsoalle ngoanana moshanyana basali banna mapolesa kapele potlakang phakisang otla nkile isa""".split()
)
_EN = frozenset(
    """the is are was were am i my you your they their them his her she it its we our us this that these those there here
    of in at by for with from and or but not no yes do does did dont have has had will would can cannot cant what who how
    why when where which please help want need job work money people child children girl girls boy boys man woman men women
    house home school police border take took taking now today tomorrow night day week month year hello hi hey thanks thank
    real fake scam offer boss husband wife sister brother friend pay paid passport leave leaving going said says about if
    because every never some any more than just very an as to be been being made make get got all out up two three locked
    me so lol ok okay good morning test number send call""".split()
)
_SHAPE_ST = re.compile(
    r"(?:hl|tlh|tl|ngo|kh|ts|mp|nk|nt|mm|oa|ea|ao|eo).*[aeio]$|(?:eng|ong|ang)$"
)
_SHAPE_EN = re.compile(
    r"(?:tion|ing|ght|ed|ly|ness|ment|sh|ck|th|ee|oo)$|[xvcq](?![h])|[bcdfghjkpqrtvwxyz]$"
)
_WORDS = 400  # enough to tell, whatever the length


def guess(text: str) -> Literal["st", "en"] | None:
    """Return the language with more evidence in a text (mixed texts too), or None if nothing is known about it."""
    said = words(text)
    sesotho = english = 0.0
    known = 0
    for raw, word in zip(said.raw[:_WORDS], said.folded[:_WORDS], strict=False):
        if word in _ST_FOLDED:
            sesotho += 1
            known += 1
        elif raw in _EN:
            english += 1
            known += 1
        elif len(word) > 3 and _SHAPE_ST.search(word) and not _SHAPE_EN.search(raw):
            sesotho += 0.4
        elif len(word) > 3 and _SHAPE_EN.search(raw) and not raw.endswith("ng"):
            english += 0.4
    if not known or sesotho == english:
        return None if not known else "st"
    return "st" if sesotho > english else "en"


_ST_FOLDED = frozenset(word for entry in _ST for word in words(entry).folded) - {
    "me",
    "to",
    "so",
    "be",
    "he",
}
