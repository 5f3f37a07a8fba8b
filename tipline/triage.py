"""Advice on how urgent a tip is, from the answers given and words in both languages. Pure; never a verdict.

Whoever reads the advice decides (Data Protection Act 2012 s.51: no decision by a machine alone). The
priorities and the "indicators present" are those of the ILO/EC operational indicators of trafficking and of
the Anti-Trafficking in Persons Act 2011 s.22; they neither prove nor disprove. What is not understood is P2:
a human reads it the next day. The words are data (``lexicon/*.toml``); the rules are the two tables below,
read from the top.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tipline import places
from tipline.ages import ages
from tipline.lexicon import Found, Lexicon

CATEGORIES = (
    "labour", "sexual", "child", "marriage", "domestic", "mining", "documents", "smuggling", "other",
    "unknown",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """What a reporter said so far: free text and the answers given to plain questions."""

    text: str = ""
    language: str | None = None
    channel: str = "web"
    category: str | None = None
    place: str | None = None  # a slug, or as typed
    danger_now: bool | None = None
    child: bool | None = None
    happening: str | None = None  # now, today, week, past, or as typed


@dataclass(frozen=True)
class Advice:
    """How urgent it looks, and why; ``reasons`` are codes, put into words by ``REASONS``."""

    priority: str
    indicators: tuple[str, ...]
    reasons: tuple[str, ...]
    category: str
    place: str | None
    danger_now: bool | None
    child: bool | None


def _lexicon() -> Lexicon:
    folder = Path(__file__).with_name("lexicon")
    lists: dict[str, Any] = {}
    for name in ("people.toml", "kinds.toml", "danger.toml", "matters.toml"):
        for table, block in tomllib.loads((folder / name).read_text(encoding="utf-8")).items():
            lists.setdefault(table, {}).update(block)
    return Lexicon(lists["words"], lists["phrases"], lists["shorthand"])


def _reasons() -> tuple[dict[str, str], dict[str, str]]:
    listed = tomllib.loads((Path(__file__).with_name("lexicon") / "reasons.toml").read_text(encoding="utf-8"))
    return {code: both["en"] for code, both in listed.items()}, {code: both["st"] for code, both in listed.items()}


_LEXICON = _lexicon()
REASONS, REASONS_ST = _reasons()


class Facts:
    """What the words and answers say, as plain yes and no; each rule reads these."""

    def __init__(self, found: Found, draft: Draft, place: places.Place | None = None) -> None:
        """Look at each fact once."""
        has = found.has
        happening = (draft.happening or "").strip().lower()
        self.found = found
        self.has = has
        self.me = has("self")
        young, grown = ages(found.text.folded)
        words_child = found.count("child") > found.count("not_child")
        self.child_sure = young or has("pupil") or (words_child and not grown)
        self.child = self.child_sure or (has("child_maybe") and not grown and not has("not_child"))
        self.child_said_no = grown and not self.child
        self.persons = self.child or has("adult", "many", "kin", "child_maybe")
        self.now = (has("now") and not has("not_now")) or happening == "now"
        self.today = has("today_t") or happening == "today"
        self.past = (has("past_t") or happening == "past") and not self.now
        self.soon = has("soon_t") or happening in ("today", "week")
        self.habit = has("habit")
        self.help = has("help_word")
        self.bare_cry = _bare_cry(found)
        self.beat = has("beat")
        self.weapon = has("weapon")
        self.present = not (self.past or self.habit)
        self.spouse = has("spouse_beat") or (has("spouse") and self.beat)
        self.confined = has("confined", "guarded_armed")
        self.held = self.confined or has("cant_leave")
        self.docs = has("docs_held") and not has("docs_asked")
        self.sex = has("forced_sex")
        self.threat = has("threat_t")
        self.moving = has("crossing", "loading")
        self.at_border = has("border_word", "river") or (place is not None and place.kind != "district")
        self.to_me = has("to_me")
        self.dragged = has("coerced_move")
        young_herd = self.child and has("herd", "farm", "school")
        self.goods = has("goods_move", "cars_moved") and not young_herd
        self.unhurried = self.soon or self.past or self.habit or has("offer_job", "deceive", "asks_scam", "corrupt")
        self.theft = has("theft") and not has("docs_held")
        self.things = self.theft and has("bag", "money", "phone_word", "goods") and not has("weapon", "confined")
        self.took = has("took_child") and not self.things
        self.labour = has("labour_trouble")
        asks = has("asks_scam") and (found.text.asks or has("job", "offer", "agent", "money_first"))
        self.scam = asks or has("pay_first", "docs_asked") or found.text.asks
        self.unhurried = self.soon or self.past or self.habit or self.scam or has("offer_job", "deceive", "corrupt")
        self.offer = has("offer_job")
        self.marry = has("marry_word")
        self.forced = has("force_strong", "debt_bond", "slave")
        self.no_pay = has("no_pay")
        # The harms that make a matter of trafficking out of a matter of work or of home.
        self.control = self.held or self.docs or self.sex or has("sale") or self.took or self.forced
        # A child that is merely mentioned in a matter of pay, of papers or of home.
        self.child_matters = (
            self.child
            and not self.goods
            and not (
                has("own_child")
                and (self.labour or has("other_trouble") or self.spouse)
                and not (self.control or self.marry)
            )
        )
        self.child = self.child and not (self.things and not self.control)
        # What the tables of matters to refer recognise, and no harm of trafficking stands beside it.
        self.refer = (
            self.labour or self.spouse or self.goods or self.theft or has("other_trouble")
        ) and not self.control
        self.goods_only = self.things or ((self.goods or self.theft) and not (self.child or self.control))


_FEW = 6  # words beside which one that is not understood leaves a cry bare


def _bare_cry(found: Found) -> bool:
    """Tell whether the text is a cry for help and next to nothing else."""
    if not found.has("help_word"):
        return False
    said = found.union(("help_word", "filler", "greet", "hurry", "danger_word", "rescue", "cry"))
    rest = ((1 << len(found.text.raw)) - 1) & ~said
    if found.text.asks and found.has("how"):
        return False
    return rest.bit_count() <= (1 if len(found.text.raw) <= _FEW else 0) and not found.has(
        "goods", "pay_word", "question"
    )


Rule = tuple[str, Callable[[Facts], bool]]

# Danger now, a child in danger, a crossing now. Each line alone is enough.
_P0: tuple[Rule, ...] = (
    ("cry_for_help", lambda f: f.bare_cry),
    ("calls_for_rescue", lambda f: f.has("in_danger") and not (f.past or f.goods_only or f.labour)),
    ("calls_for_rescue", lambda f: f.help and f.to_me and f.present and not (f.labour and not f.held)),
    ("calls_for_rescue", lambda f: f.has("rescue") and not (f.past or f.refer or f.goods_only)),
    ("calls_for_rescue", lambda f: f.help and f.present and not f.scam and (f.child_matters or f.held
        or (f.docs and f.at_border)) and not f.refer),
    ("held_now", lambda f: f.confined and not f.past),
    ("held_now", lambda f: f.me and f.has("cant_leave") and f.present and not (f.labour or f.spouse or
        f.scam)),
    ("in_flight", lambda f: f.me and f.has("fear") and f.present and not (f.labour or f.goods_only or
        f.scam or f.offer)),
    ("violence_now", lambda f: f.beat and f.present and not f.refer and f.has("mining", "weapon", "hurt")),
    ("violence_now", lambda f: f.beat and f.present and f.child_matters and not (f.refer or f.spouse or
        f.no_pay
        or f.threat or f.has("herd", "job", "domestic", "school", "child_work"))),
    ("held_now", lambda f: f.me and f.has("cant_leave") and not f.past
        and (f.has("rape", "sale", "hurt", "kill", "food") or f.weapon or (f.help and not f.labour))),
    ("weapon", lambda f: f.weapon and not f.past and not f.goods_only
        and not (f.labour and not (f.held or f.threat or f.to_me or f.beat))),
    ("life_threatened", lambda f: f.has("kill_now") and not f.past and not f.goods_only),
    ("violence_now", lambda f: (f.beat or f.has("rape")) and f.now and not f.past and not f.habit),
    ("violence_now", lambda f: f.help and f.present and (f.has("rape", "sale") or (f.beat and f.me))),
    ("in_flight", lambda f: f.has("hiding") and f.me and not f.past and not f.goods_only and not f.spouse),
    ("in_flight", lambda f: f.has("scared") and f.has("chase") and not f.past),
    ("moved_now", lambda f: (f.moving or f.has("move", "move_st")) and f.now and f.persons and not
        f.goods_only),
    ("moved_now", lambda f: f.moving and f.now and f.has("third") and not (f.goods or f.refer or
        f.unhurried)),
    ("moved_now", lambda f: f.dragged and f.present and not (f.soon and not f.now) and not f.goods_only
        and (f.moving or f.has("vehicle", "border_word") or f.child)),
    ("moved_now", lambda f: f.child and f.moving and f.has("progressive", "took_child", "unknown_dest", "cry")
        and f.present and not f.soon and not f.scam),
    ("moved_now", lambda f: f.child and f.moving and not (f.unhurried or f.goods_only or f.labour or f.scam)),
    ("child_in_danger", lambda f: f.child and f.has("threat_t") and f.has("sale", "took_child") and not
        f.past),
    ("moved_now", lambda f: f.child and f.at_border and not (f.unhurried or f.goods_only or f.labour or
        f.has("herd"))),
    ("moved_now", lambda f: f.persons and f.has("cry") and (f.moving or f.at_border) and not f.unhurried),
    ("child_in_danger", lambda f: f.child and f.has("cry") and not (f.unhurried or f.spouse)),
    ("child_in_danger", lambda f: f.child_matters and f.child_sure and f.now and not (f.scam or f.refer)),
    ("held_now", lambda f: f.persons and f.now and f.control and not (f.scam or f.refer or f.past)),
    ("moved_now", lambda f: f.moving and f.has("unknown_dest") and f.present and not f.soon),
    ("moved_now", lambda f: (f.moving or f.has("depart")) and f.child and f.today and not f.past),
    ("child_taken", lambda f: f.took and f.child and (f.now or f.today or f.has("taken_st")) and f.present
        and (f.now or not f.has("offer_job", "deceive"))),
    ("child_in_danger", lambda f: f.child and not f.past and ((f.now and f.has("cry", "hurt", "sale",
        "forced_sex",
        "marry_word", "in_danger")) or (f.has("hurt") and f.held))),
)  # fmt: skip

# A child, held documents, deception or force with exploitation, departure within 72 hours.
_P1: tuple[Rule, ...] = (
    ("forced_marriage", lambda f: f.marry and (f.child or f.forced or f.has("confined", "stolen"))),
    ("child", lambda f: f.child_matters and (f.control or f.sex or f.marry or f.no_pay or f.dragged
        or (f.beat and not f.spouse)
        or f.has("child_work", "corrupt", "sex_word", "sale", "nude", "hurt", "cry", "herd"))),
    ("child", lambda f: f.child_matters and f.child_sure and (f.offer or f.moving or f.beat
        or f.has("domestic", "mining", "farm", "job", "depart", "abroad", "deceive", "threat", "move",
        "move_st")
        or (f.has("school") and f.has("neg")))),
    ("child", lambda f: f.child_matters and f.child_sure and not (f.scam or f.refer or f.has("question"))),
    ("forced_sex", lambda f: f.sex and not (f.spouse and not f.held)),
    ("sold", lambda f: f.has("sale") and not f.goods_only),
    ("documents_held", lambda f: f.docs and not f.has("other_trouble") and not (f.theft and not f.labour)),
    ("cannot_leave", lambda f: f.held and not (f.spouse and not f.docs)),
    ("debt_bondage", lambda f: f.has("debt_bond") and (f.offer or f.has("job", "boss", "agent", "mining"))
        and not f.scam),
    ("forced_work", lambda f: f.forced and not f.spouse),
    ("movement_soon", lambda f: f.soon and not f.past and f.persons and not f.goods_only and not f.scam
        and f.has("depart", "move", "move_st") and (f.offer or f.child or f.moving or f.has("many",
        "agent"))),
    ("papers_sold", lambda f: f.has("corrupt") and (f.persons or f.has("adult"))
        and not f.goods and f.has("office", "fake")),
    ("forced_sex", lambda f: f.has("nude") and f.has("threat", "force") and f.persons),
    ("exploited", lambda f: f.has("excess_hours") and f.has("threat_t") and not f.spouse),
    ("exploited", lambda f: f.no_pay and (f.has("labour_lie", "threat_t", "excess_hours") or f.beat)
        and f.has("job", "farm", "mining", "boss", "herd", "domestic") and not f.spouse),
)  # fmt: skip

_P3: tuple[Rule, ...] = (
    ("goods_smuggling", lambda f: f.goods),
    ("other_trouble", lambda f: f.has("other_trouble") or f.theft),
    ("violence_at_home", lambda f: f.spouse),
    ("labour_dispute", lambda f: f.labour and not f.scam),
)

_ILO: tuple[Rule, ...] = (  # adult dimensions of the ILO/EC operational indicators, "present", never a probability
    (
        "D1",
        lambda f: f.has("labour_lie") or (f.has("deceive") and f.has("job", "marry_word")),
    ),
    (
        "D2",
        lambda f: f.has("sale", "debt_bond", "took_child") or (f.marry and f.forced),
    ),
    ("D3", lambda f: f.child or f.has("unknown_dest")),
    (
        "D4",
        lambda f: f.no_pay or f.has("excess_hours") or (f.has("job") and f.has("food")),
    ),
    (
        "D5",
        lambda f: f.held or f.docs or f.sex or f.has("threat_t", "debt_bond") or (f.beat and not f.spouse),
    ),
    (
        "D6",
        lambda f: f.has("unknown_dest") or (f.has("abroad") and f.control),
    ),
)
_SECTION_22: tuple[Rule, ...] = (
    (
        "violence_threats",
        lambda f: f.beat or f.weapon or f.has("threat_t", "threat", "kill_now"),
    ),
    ("threats_witchcraft", lambda f: f.has("witch")),
    ("forced_drugs", lambda f: f.has("drug_force")),
    (
        "sexual_images_blackmail",
        lambda f: f.has("nude") and f.has("threat", "online"),
    ),
    (
        "threat_arrest",
        lambda f: f.has("threat_t") and f.has("police", "office"),
    ),
    ("not_allowed_to_leave", lambda f: f.has("cant_leave")),
    ("docs_held", lambda f: f.docs),
    ("docs_fraudulent", lambda f: f.has("corrupt")),
    ("locked_or_monitored", lambda f: f.confined),
    ("signs_sexual_violence", lambda f: f.sex),
    ("injuries", lambda f: f.has("hurt")),
    ("malnutrition", lambda f: f.has("food") and f.control),
    ("debt_bondage", lambda f: f.has("debt_bond")),
    ("little_pay", lambda f: f.no_pay),
    ("work_differs", lambda f: f.has("labour_lie")),
)

_CATEGORY: tuple[Rule, ...] = (
    ("smuggling", lambda f: f.goods and f.goods_only and not f.theft),
    ("documents", lambda f: f.has("corrupt") and not f.sex),
    ("marriage", lambda f: f.marry and (f.child or f.forced or not f.spouse)),
    ("sexual", lambda f: f.sex or f.has("sex_word") or (f.has("nude") and f.offer)),
    ("mining", lambda f: f.has("mining") and not f.has("herd")),
    ("domestic", lambda f: f.has("domestic") and not f.has("labour_place")),
    ("other", lambda f: f.spouse or f.theft or f.has("other_trouble")),
    ("labour", lambda f: f.labour or (f.has("boss", "no_pay") and not f.took)
        or f.has("herd", "farm", "labour_place") or (f.has("job") and (f.docs or f.offer))),
    ("child", lambda f: f.child_matters),
)  # fmt: skip


def _first(rules: tuple[Rule, ...], facts: Facts) -> list[str]:
    return list(dict.fromkeys(code for code, holds in rules if holds(facts)))


def advise(draft: Draft) -> Advice:
    """Advise on a draft: priority, indicators present, reasons, and what the words add to the answers given.

    An answer given outranks the words: danger now makes P0, a child at least P1. An answer never lowers what
    the words say: a reporter may be watched, or mean only himself.
    """
    typed = draft.text or draft.happening or (draft.place and draft.place not in places.ALL)
    return _advise(draft) if typed else _advise_on_answers(draft)


@lru_cache(maxsize=4096)
def _advise_on_answers(draft: Draft) -> Advice:
    """Remember the advice on answers that were chosen from lists: there are not many, and nobody's words in them."""
    return _advise(draft)


def _advise(draft: Draft) -> Advice:
    found = _LEXICON.find(draft.text)
    named = places.lookup(draft.place) if draft.place else None
    place = named or places.find_words(found.text.folded)
    facts = Facts(found, draft, place)
    urgent, serious, refer = _first(_P0, facts), _first(_P1, facts), _first(_P3, facts)
    if draft.danger_now:
        urgent.insert(0, "danger_now")
    if draft.child:
        serious.insert(0, "child")
    if draft.happening == "now" and serious and "happening_now" not in urgent:
        urgent.append("happening_now")
    category = draft.category if draft.category in CATEGORIES else None
    if category in (None, "unknown"):
        category = next(iter(_first(_CATEGORY, facts)), "unknown")
    child = draft.child if draft.child is not None else _child(facts, grave=bool(urgent or serious))
    if child and urgent and "child" not in serious:
        serious.append("child")
    if urgent:
        priority, reasons = "P0", urgent + serious
    elif serious:
        priority, reasons = "P1", serious
    elif refer:
        priority, reasons = "P3", refer[:1]
    else:
        priority, reasons = "P2", _why_p2(facts)
    danger = draft.danger_now if draft.danger_now is not None else _danger(facts, priority)
    return Advice(
        priority=priority,
        indicators=tuple(_first(_ILO, facts) + _first(_SECTION_22, facts)) if facts.found.text.raw else (),
        reasons=tuple(dict.fromkeys(reasons)),
        category=category,
        place=place.slug if place else None,
        danger_now=danger,
        child=child,
    )


def _child(facts: Facts, *, grave: bool) -> bool | None:
    """Tell whether a child is concerned: one that is merely mentioned in a matter to refer is not."""
    if facts.child and (grave or not facts.has("own_child")):
        return True
    return False if facts.child_said_no else None


_QUIET = ("asks_scam", "pay_first", "docs_asked", "gone", "abroad", "silent", "agent", "job", "other_trouble")


def _danger(facts: Facts, priority: str) -> bool | None:
    if priority == "P0":
        return True
    if priority == "P3":
        return None if facts.spouse and not facts.past else False
    if priority == "P2" and (facts.past or facts.offer or facts.has(*_QUIET)):
        return False
    return None


def _why_p2(facts: Facts) -> list[str]:
    found = facts.found
    if facts.scam and (facts.offer or found.has("job", "pay_first", "agent")):
        return ["offer_to_check"]
    if facts.offer or (facts.has("gone") and found.has("abroad", "agent", "silent")):
        return ["some_indicators"]
    return ["not_understood"]
