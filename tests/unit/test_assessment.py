"""What a human found, by the ILO's lists and the Act's: the rule, the fork, and that nothing found makes it less."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.spelling import findings
from tipline import assessment as a
from tipline.assessment import Answers, assess, positive

CODES = st.sampled_from([one.code for one in a.QUESTIONS])
SAID = st.dictionaries(CODES, st.booleans())
AGE = st.sampled_from([*a.AGES, None])
KIND = st.sampled_from([*a.KINDS, None])
SECTION_22 = {
    "violence_threats", "threats_family", "threats_witchcraft", "forced_drugs", "sexual_images_blackmail",
    "forced_witness", "threat_arrest", "clinic_surveillance", "not_allowed_to_leave", "guarded_transport", "docs_held",
    "docs_fraudulent", "locked_or_monitored", "signs_sexual_violence", "trauma", "injuries", "forced_abortion",
    "untreated_illness", "malnutrition", "forced_lie_family", "debt_bondage", "little_pay", "work_differs",
}  # fmt: skip
STRENGTHS = {  # adult/child, in the order of the lists
    "D1": "S/S M/M M/M M/M M/M M/M M/M M/M M/M W/S",
    "D2": "S/S M/S M/S M/S M/M M/M M/M M/M M/M M/M",
    "D3": "M/M M/M M/M M/M M/M M/M",
    "D4": "S/S M/M M/M M/M M/M M/M M/- W/M",
    "D5": "S/S S/S S/S S/S M/S M/S M/S M/M M/M M/M M/M W/M",
    "D6": "-/- -/- -/- -/- -/-",
}


def of(age: str | None, *codes: str, kind: str | None = a.LABOUR, no: tuple[str, ...] = ()) -> a.Result:
    return assess(Answers(age, kind, None, {**dict.fromkeys(codes, True), **dict.fromkeys(no, False)}))


def codes(part: a.Part) -> set[str]:
    return {one.code for one in part.present}


def met(result: a.Result) -> dict[str, bool | None]:
    return {one.code: one.met for one in result.parts}


class TestTheLists:
    @pytest.mark.parametrize("group", STRENGTHS)
    def test_the_strengths_are_those_of_the_reference(self, group: str) -> None:
        found = [f"{one.strength.get('adult', '-')}/{one.strength.get('child', '-')}" for one in a.BY_GROUP[group]]
        assert found == STRENGTHS[group].split()

    def test_the_whole_checklist_of_the_act_is_asked(self) -> None:
        assert set(a.ACT_22) == SECTION_22

    def test_each_is_asked_once_in_both_languages_and_in_the_spelling_of_lesotho(self) -> None:
        assert len(a.BY_CODE) == len(a.QUESTIONS)
        asked = [(one.group, one.said["st"]) for one in a.QUESTIONS]
        assert len(set(asked)) == len(asked)
        said = [one.said for one in a.QUESTIONS] + list(a.WORDS.values())
        assert all(one["en"].strip() and one["st"].strip() for one in said)
        assert [found for one in said for found in findings(one["st"]) if found.grave] == []

    def test_what_is_asked_in_other_words_counts_as_something_that_is_there(self) -> None:
        assert {one.indicator for one in a.QUESTIONS} <= set(a.BY_CODE)


class TestTheRule:
    @pytest.mark.parametrize(
        ("strengths", "is_positive"),
        [
            ("", False), ("S", False), ("SS", True), ("SM", True), ("SW", True), ("M", False), ("MM", False),
            ("MMM", True), ("MMW", True), ("MW", False), ("MWW", False), ("W", False), ("WWWW", False),
        ],
    )  # fmt: skip
    def test_two_strong_or_one_and_another_or_three_medium_or_two_and_a_weak(
        self, strengths: str, is_positive: bool
    ) -> None:
        assert positive(strengths) == is_positive

    @given(st.text("SMW", max_size=8), st.sampled_from("SMW"))
    def test_one_more_never_makes_it_less_and_the_order_is_the_same(self, strengths: str, more: str) -> None:
        assert positive(strengths + more) >= positive(strengths)
        assert positive(strengths[::-1]) == positive(strengths)

    @given(st.text("SMW", max_size=8))
    def test_a_stronger_one_never_makes_it_less(self, strengths: str) -> None:
        for weaker, stronger in itertools.pairwise("WMS"):
            assert positive(strengths.replace(weaker, stronger)) >= positive(strengths)


class TestAnAdult:
    def test_recruited_by_deception_exploited_and_held(self) -> None:
        result = of(a.ADULT, "d1_job", "d1_wages", "d4_hours", "d4_pay", "d5_documents", "d5_debt")
        assert result.together is True
        assert result.missing == ()
        assert met(result) == {"D1": True, "D2": False, "D3": False, "D4": True, "D5": True, "D6": None, "signs": None}

    def test_force_stands_for_deception(self) -> None:
        assert of(a.ADULT, "d2_violence", "d2_debt", "d4_hours", "d4_pay", "d5_documents", "d5_debt").together is True

    @pytest.mark.parametrize("without", ["d1_job", "d4_hours", "d5_debt"])
    def test_each_of_the_three_is_needed(self, without: str) -> None:
        codes = {"d1_job", "d1_wages", "d4_hours", "d4_pay", "d5_documents", "d5_debt"} - {without}
        result = of(a.ADULT, *codes)
        assert result.together is False
        assert result.missing == ((("D1", "D2") if without == "d1_job" else (without[:2].upper(),)),)

    def test_being_moved_is_not_asked(self) -> None:
        assert "moved" not in met(of(a.ADULT, "recruited"))


class TestAChild:
    def test_no_means_is_needed(self) -> None:
        assert of(a.CHILD, "recruited", "d4_hours", "d4_pay").together is True
        assert of(a.CHILD, "taken_along", "d4_hours", "d4_pay").together is True

    def test_deception_in_recruitment_is_recruitment(self) -> None:
        assert of(a.CHILD, "d1_education", "d4_hours", "d4_pay").together is True

    def test_both_are_needed(self) -> None:
        assert of(a.CHILD, "recruited").missing == (("D4",),)
        assert of(a.CHILD, "d4_hours", "d4_pay").missing == (("moved",),)

    def test_a_child_s_strengths_are_its_own(self) -> None:
        for codes, adult, child in (
            (("d1_education", "d1_wages"), False, True),
            (("d2_threats", "d2_documents"), False, True),
            (("d4_pay", "d4_hazard", "d4_social"), True, False),
            (("d4_pay", "d4_hazard", "d4_education"), True, True),
        ):
            assert any(met(of(a.ADULT, *codes)).values()) == adult, codes
            assert any(met(of(a.CHILD, *codes)).values()) == child, codes


class TestWhatIsNotWeighed:
    @pytest.mark.parametrize("kind", [a.SEXUAL, a.OTHER, None])
    def test_what_is_not_work_is_shown_and_not_weighed(self, kind: str | None) -> None:
        result = of(a.ADULT, "d1_job", "d1_wages", "d4_hours", "d5_documents", "trauma", kind=kind)
        assert {value for code, value in met(result).items()} == {None}
        assert result.together is None
        assert result.missing == ()
        present = {one.code: [what.code for what in one.present] for one in result.parts}
        assert present["D1"] == ["d1_job", "d1_wages"]
        assert present["signs"] == ["trauma"]

    def test_while_the_age_is_not_known_nothing_is_said_of_the_whole(self) -> None:
        result = of(None, "d1_job", "d1_wages", "d4_hours", "d4_pay", "d5_documents", "d5_debt")
        assert result.together is None
        assert met(result)["D4"] is True


def test_the_same_thing_in_the_words_of_the_act_counts_once() -> None:
    assert met(of(a.ADULT, "d5_confined", "not_allowed_to_leave"))["D5"] is False
    result = of(a.ADULT, "not_allowed_to_leave", "d5_lie")
    assert met(result)["D5"] is True
    assert [one.code for one in result.parts[4].present] == ["d5_lie", "not_allowed_to_leave"]
    assert result.act == ("forced_lie_family", "not_allowed_to_leave")


def test_what_is_not_known_is_counted_and_no_is_known() -> None:
    parts = {one.code: one for one in of(a.ADULT, "d4_pay", no=("d4_hours",)).parts}
    assert parts["D4"].open == len(a.BY_GROUP["D4"]) - 2
    assert parts["D5"].open == len(a.BY_GROUP["D5"])
    assert of(a.ADULT, "d4_pay").any_present
    assert not of(a.ADULT, no=("d4_pay",)).any_present


@given(AGE, KIND, SAID, CODES)
def test_one_more_indicator_never_makes_it_less(age: str | None, kind: str | None, said: Any, code: str) -> None:
    before = assess(Answers(age, kind, None, {**said, code: False}))
    after = assess(Answers(age, kind, None, {**said, code: True}))
    assert all((one.met or False) <= (other.met or False) for one, other in zip(before.parts, after.parts, strict=True))
    assert all(codes(one) <= codes(other) for one, other in zip(before.parts, after.parts, strict=True))
    assert (before.together or False) <= (after.together or False)
    assert set(after.missing) <= set(before.missing)
    assert set(before.act) <= set(after.act)


@given(AGE, KIND, SAID)
def test_a_no_is_no_more_than_not_known(age: str | None, kind: str | None, said: dict[str, bool]) -> None:
    only_yes = {code: True for code, value in said.items() if value}
    all_said, left_out = assess(Answers(age, kind, None, said)), assess(Answers(age, kind, None, only_yes))
    assert (all_said.together, all_said.act, met(all_said)) == (left_out.together, left_out.act, met(left_out))


@given(SAID)
def test_an_adult_s_whole_is_a_child_s_whole_but_for_what_only_an_adult_has(said: dict[str, bool]) -> None:
    said = {code: value for code, value in said.items() if code != "d4_social"}
    adult, child = (assess(Answers(age, a.LABOUR, None, said)) for age in (a.ADULT, a.CHILD))
    assert (child.together or False) >= (adult.together or False)


class TestWhatTheWordsSuggest:
    def test_slugs_of_the_act_point_at_questions_and_dimensions_at_groups(self) -> None:
        questions, groups = a.suggested(["docs_held", "trauma", "D4", "no_such"])
        assert questions == {"d2_documents", "d5_documents", "trauma"}
        assert groups == {"D4"}

    def test_a_category_suggests_what_it_is_for(self) -> None:
        assert [a.kind_of(one) for one in ("mining", "sexual", "marriage", "child", "unknown")] == [
            a.LABOUR, a.SEXUAL, a.OTHER, None, None,
        ]  # fmt: skip


def test_what_was_kept_is_read_back_and_what_is_not_known_any_more_is_left_out() -> None:
    data = {"age": "child", "kind": "dance", "matter": 7, "said": {"d4_pay": True, "gone": True, "d4_hours": "yes"}}
    assert a.read(data) == Answers(a.CHILD, None, None, {"d4_pay": True})
    assert a.read({"said": "nonsense"}) == Answers(None, None, None, {})
