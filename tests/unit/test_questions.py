"""The questions after a first text: what is asked, what answers it, what does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms import conversation, questions
from sms.conversation import LANGS, LONGEST, TEMPLATES, Phone, Step, render, step
from sms.questions import ORDER, Question, Talk, Told
from sms.segments import ONE_SEGMENT, septets
from tipline import triage

FRESH = Phone(known=True, lang="st", fresh=True)
QUIET = "Ke tseba monna ea tlatsang likonteraka tsa bohata"


def told(text: str) -> Told:
    said = triage.advise(triage.Draft(text=text, channel="sms"))
    return questions.told_by(place=said.place, danger=said.danger_now, child=said.child, reasons=said.reasons)


def asked(question: Question, **changes: object) -> Phone:
    """Return a phone that a question waits at, everything before it being asked."""
    return replace(FRESH, talk=Talk(ORDER[: ORDER.index(question) + 1], open=True), **changes)  # type: ignore[arg-type]


def talk_through(*texts: str, phone: Phone | None = None) -> list[Step]:
    """Text one after the other, minutes apart; return what each led to."""
    phone, steps = phone or Phone(), []
    for text in texts:
        said = told(text)
        one = step(phone, text, told=said)
        answered = Told(
            danger=one.action == "cry" or (one.answers == "danger" and one.value is True), child=one.answers == "child"
        )
        phone = replace(
            phone,
            known=phone.known or one.action in {"tip", "cry"},
            fresh=True,
            lang=one.lang,
            told=phone.told | replace(said, frightened=False) | answered,
            talk=one.talk or phone.talk,
        )
        steps.append(one)
    return steps


def replies(*texts: str) -> list[str | None]:
    return [one.reply for one in talk_through(*texts)]


def test_one_after_the_other() -> None:
    assert replies(QUIET, "Maseru", "che", "che", "2", "Kea leboha") == [
        "tip_where", "ask_danger", "ask_child", "ask_consent", "will_notify", "tip_received_again",
    ]  # fmt: skip
    assert replies(QUIET, "0", "tlola", "skip", "0", "E") == [
        "tip_where", "ask_danger", "ask_child", "ask_consent", "all_heard", "tip_received_again",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "reply"),
    [
        (QUIET, "tip_where"),
        (f"{QUIET} Maseru", "tip_danger"),
        ("Ba tsela le ngoana oa lilemo li 12 hona joale Maputsoe bridge", "tip_consent"),
        ("Ngoana oa lilemo li 14 o sebetsa lapeng, ha a lefshoe", "tip_where"),
    ],
)
def test_what_is_told_is_not_asked(first: str, reply: str) -> None:
    assert talk_through(first)[0].reply == reply


def test_whoever_cries_for_help_is_asked_for_the_place_alone() -> None:
    assert replies("NTHUSE", "ha Abia", "ke motho o mong", "E") == [
        "cry_received", "safe_heard", "tip_received_again", "tip_received_again",
    ]  # fmt: skip
    frightened = "Ba re koaletse ka tlung, re tlokotsing, nthuseng hle"
    assert told(frightened).frightened
    assert replies(frightened, "Mafeteng", "kea leboha")[:2] == ["safe_where", "safe_heard"]
    assert replies(f"{frightened} Mafeteng", "ba tlile") == ["safe_received", "tip_received_again"]
    assert replies(QUIET, "Maseru", "NTHUSE", "kea leboha") == [
        "tip_where", "ask_danger", "safe_received", "tip_received_again",
    ]  # fmt: skip


def test_danger_answered_is_met_with_people_to_trust_first() -> None:
    assert replies(QUIET, "Maseru", "E", "che")[2:] == ["safe_child", "ask_consent"]
    young = "Ngoana oa lilemo li 14 o sebetsa lapeng Maseru, ha a lefshoe"
    assert replies(young, "E", "Ha ke tsebe ho feta moo")[0:2] == ["tip_danger", "safe_received"]


@pytest.mark.parametrize("word", ["0", "tlola", "TLOLA!", "skip", "Skip it", "skp", "pass", "feta", "0."])
def test_one_word_skips_and_is_no_message(word: str) -> None:
    for question in ORDER:
        one = step(asked(question), word)
        assert (one.action, one.value) == ("skip", None)
        assert one.talk is not None
        assert one.talk.question != question


@pytest.mark.parametrize(
    "word", ["ha ke tsebe", "Ha ke tsebe hantle", "idk", "i dont know", "I don't know", "not sure"]
)
def test_not_to_know_is_an_answer_that_is_kept(word: str) -> None:
    for question in ORDER[:3]:
        one = step(asked(question), word)
        assert (one.action, one.answers, one.value) == ("answer", question, None)


@pytest.mark.parametrize(
    "word",
    ["e", "E", "ee", "Ee!", "eya", "ea", "yes", "YES", "Y", "yess", "yeah", "yes please", "ee ntate", "E, o kotsing",
     "yes danger", "kannete"],
)  # fmt: skip
def test_yes_however_it_is_spelt(word: str) -> None:
    for question in ORDER[1:3]:
        one = step(asked(question), word)
        assert (one.action, one.answers, one.value) == ("answer", question, True)


@pytest.mark.parametrize(
    "word",
    [
        "che",
        "CHE",
        "tjhe",
        "Chee",
        "aoa",
        "no",
        "No.",
        "n",
        "nope",
        "no one",
        "not in danger",
        "ha ho kotsi",
        "che ntate",
    ],
)
def test_no_however_it_is_spelt(word: str) -> None:
    for question in ORDER[1:3]:
        one = step(asked(question), word)
        assert (one.action, one.answers, one.value) == ("answer", question, False)


@pytest.mark.parametrize(
    ("text", "value", "reply"),
    [
        ("1", 1, "will_write"), ("1 please", 1, "will_write"), ("ke khetha 1", 1, "will_write"),
        ("one", 1, "will_write"),
        ("2", 2, "will_notify"), ("Two", 2, "will_notify"), ("ee", 2, "will_notify"),
        ("3", 3, None), ("tharo", 3, None), ("no", 3, None), ("che", 3, None),
    ],
)  # fmt: skip
def test_how_we_may_write_back(text: str, value: int, reply: str | None) -> None:
    one = step(asked("consent"), text)
    assert (one.action, one.answers, one.value, one.reply) == ("answer", "consent", value, reply)


def test_a_waiting_message_wins_over_the_question() -> None:
    phone = asked("consent", waiting=True, written_to=True)
    read = step(phone, "1")
    assert (read.action, read.talk) == ("read", None)
    assert step(replace(phone, waiting=False), "1").value == questions.CONTENT
    assert step(phone, "2").value == questions.NOTICE
    assert step(asked("danger"), "1").action == "nothing_waiting"
    assert step(asked("consent", stopped=True, waiting=True), "1").action == "nothing_waiting"


@pytest.mark.parametrize("word", ["E", "che", "0", "Maseru", "ha ke tsebe"])
def test_what_a_desk_asked_is_not_taken_for_an_answer_to_us(word: str) -> None:
    for question in ORDER:
        one = step(asked(question, written_to=True), word)
        assert (one.action, one.reply) == ("tip", "tip_received_again")


@pytest.mark.parametrize(
    "changes",
    [{"fresh": False}, {"waiting": True}, {"stopped": True}, {"receipt": True}, {"written_to": True}],
)
def test_nothing_more_is_asked_where_it_would_be_out_of_place(changes: dict[str, bool]) -> None:
    for question in (None, *ORDER[:3]):
        phone = replace(asked(question) if question else FRESH, **changes)  # type: ignore[arg-type]
        for text in ("che", "Maseru", QUIET):
            one = step(phone, text)
            assert one.reply is None or not one.reply.startswith(("ask_", "safe_child"))
            assert one.talk is None or one.talk.asked == phone.talk.asked


def test_who_says_something_else_twice_is_left_in_peace() -> None:
    assert replies(QUIET, "Maseru", "ke mang", "ha ke bue", "hei", "uena u mang")[2:] == [
        "ask_child", "tip_received_again", "tip_received_again", "tip_received_again",
    ]  # fmt: skip
    for rude in ("lol", "voetsek", "nxa", "stop joking", "tlohela ho nkhathatsa hle", "fuck you"):
        assert replies(QUIET, rude, "hei", "E")[1:] == ["tip_received_again"] * 3
        assert {one.action for one in talk_through(QUIET, rude)} == {"tip"}
    assert replies("voetsek lona")[0] == "tip_received"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ee, o kotsing", True), ("ee ba babeli", True), ("E, o teng", True), ("Yes she is locked in", True),
        ("che ba baholo", False), ("No, she is twenty", False), ("Che ke motho e moholo", False),
        ("e mong o teng", None), ("no one knows her", None), ("ea mo nkileng o teng", None),
    ],
)  # fmt: skip
def test_a_short_text_may_begin_with_its_answer(text: str, value: bool | None) -> None:
    one = step(asked("danger"), text)
    assert one.value is value
    assert (one.answers == "danger") is (value is not None)


def test_yes_in_more_words_is_no_cry_that_ends_the_questions() -> None:
    assert replies(QUIET, "Maseru", "Ee o kotsing", "che ba baholo")[2:] == ["safe_child", "ask_consent"]


def test_how_we_may_write_back_stays_open_to_a_number() -> None:
    assert replies(QUIET, "0", "0", "0", "2 girls, they are 20", "3")[4:] == ["tip_received_again", None]
    assert step(asked("consent"), "Che ke tla letsa").answers is None
    late = asked("consent", fresh=False)
    assert step(late, "1").action == "nothing_waiting"
    assert (step(late, "1 please").answers, step(late, "3").value) == (None, questions.NOTHING)


def test_a_question_to_us_is_for_a_person_and_ours_stays_open() -> None:
    one = step(asked("danger"), "Le bo mang?")
    assert (one.action, one.reply, one.talk) == ("tip", "tip_received_again", asked("danger").talk)


def test_words_that_tell_it_answer_it() -> None:
    assert step(asked("child"), "ngoana oa lilemo li 12", told=told("ngoana oa lilemo li 12")).answers == "child"
    long = "Ba lula haufi le Maputsoe " + "mme ba sebetsa bosiu " * 5
    assert step(asked("where"), long, told=told(long)).reply == "ask_danger"


class TestParts:
    LONG = (
        "Ke batla ho le bolella ka monna ea tlang motseng oa rona ka koloi e tsoeu a bua le baroetsana ka mosebetsi oo "
        "a reng o teng hotele engoe mose ho moeli a ba"
    )

    def test_the_rest_of_a_long_text_is_no_answer(self) -> None:
        first = step(Phone(), self.LONG)
        assert first.talk is not None
        assert first.talk.more
        phone = replace(FRESH, talk=first.talk, recent=True)
        rest = step(phone, "tsepisa chelete e ngata")
        assert (rest.action, rest.answers) == ("tip", None)
        assert rest.talk is not None
        assert rest.talk.question == "where"
        assert step(phone, self.LONG).reply is None
        assert step(phone, "0").action == "skip"  # what can be nothing else is one at once
        assert step(phone, "Maputsoe", told=told("Maputsoe")).answers == "where"
        assert step(replace(phone, recent=False), "tsepisa chelete").answers == "where"

    def test_parts_within_a_talk_are_acknowledged_once_and_a_question_after_them_is_too(self) -> None:
        phone = replace(FRESH, talk=Talk(ORDER), recent=True)
        replies = []
        for text in (
            "(3/3) tsa bohata",
            "(1/3) Ke tseba monna",
            "(2/3) ea tlatsang likonteraka",
            "Na le fumane tsohle?",
        ):
            one = step(phone, text)
            replies.append(one.reply)
            phone = replace(phone, talk=one.talk or phone.talk)
        assert replies == ["tip_received_again", None, None, "tip_received_again"]

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_marked_parts_in_any_order_are_story(self, order: tuple[int, ...]) -> None:
        texts = ["(1/3) Ke tseba monna", "(2/3) ea tlatsang likonteraka", "(3/3) tsa bohata"]
        phone, steps = Phone(), []
        for at in order:
            one = step(phone, texts[at])
            steps.append(one)
            phone = replace(FRESH, talk=one.talk or Talk(), recent=True)
        assert [(one.action, one.reply) for one in steps] == [("tip", "tip_where"), ("tip", None), ("tip", None)]
        assert phone.talk.question == "where"
        assert step(replace(phone, recent=False), "Ha Mohale").answers == "where"

    @pytest.mark.parametrize(
        ("text", "more"),
        [
            ("x" * 139, False),
            ("x" * 153, True),
            ("x" * 161, False),
            ("š" * 67, True),
            ("š" * 50, False),
            ("x" * 67, False),
        ],
    )
    def test_only_a_full_text_may_go_on(self, text: str, *, more: bool) -> None:
        assert questions.may_go_on(text) is more


def test_the_state_survives_being_kept() -> None:
    for talk in (Talk(), Talk(ORDER, open=True, more=True, missed=True, over=True), Talk(("where",), open=True)):
        assert Talk.unpack(talk.pack()) == talk
        assert len(talk.pack()) <= 12
    assert Talk.unpack(None) == Talk()
    assert Talk.unpack("?!x") == Talk()


TEXTS = st.one_of(
    st.sampled_from(
        ["e", "che", "0", "1", "2", "3", "Maseru", "ha Abia", "NTHUSE", "STOP", "START", "INFO", "ENGLISH", "CODE", "",
         "ha ke tsebe", "voetsek", "Le bo mang?", "(1/2) ba re", "(2/2) nthuse", "ngoana oa lilemo li 9", "š" * 67,
         "x" * 153, "x" * 600, "Ba re koaletse ka tlung, ba re otla, nthuseng"]
    ),
    st.text(max_size=200),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(TEXTS, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans()), max_size=14)
)
def test_walks_ask_each_question_once_in_one_segment_and_lose_nothing(
    walk: list[tuple[str, bool, bool, bool, bool, bool]],
) -> None:
    phone, seen = Phone(), list[str]()
    for text, waiting, written_to, recent, fresh, receipt in walk:
        phone = replace(
            phone, waiting=waiting, written_to=written_to and phone.known, recent=recent, fresh=fresh, receipt=receipt
        )
        before = phone.talk
        one = step(phone, text, told=told(text))
        talk = one.talk or before
        new = talk.asked[len(before.asked) :]
        assert talk.asked[: len(before.asked)] == before.asked
        assert len(new) <= 1
        if new:
            assert one.reply is not None
            assert not phone.stopped
            assert not waiting
            assert one.action == "cry" or not (before.open and before.question == talk.question)
        seen.extend(new)
        assert len(seen) == len(set(seen))
        assert Talk.unpack(talk.pack()) == talk
        if one.reply is not None:
            assert all(septets(render(one.reply, lang, **LONGEST)) <= ONE_SEGMENT for lang in LANGS)
        if one.action == "skip":
            assert conversation.is_bare(text)
        phone = replace(
            phone,
            known=phone.known or one.action in {"tip", "cry"},
            talk=talk,
            lang=one.lang,
            stopped=one.action == "stop" or (phone.stopped and one.action != "start"),
        )


@pytest.mark.parametrize("lang", LANGS)
def test_each_question_says_how_to_pass_it_over(lang: conversation.Lang) -> None:
    for key in TEMPLATES:
        if key in {"safe_child", *(f"{kind}_{question}" for kind in ("tip", "ask") for question in ORDER)}:
            assert "0" in render(key, lang)
