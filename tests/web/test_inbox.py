"""Coming back with sixteen digits: where it stands, the answers, more to say."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from sms import ussd
from tests import make
from tests.web.reporter import Reporter, as_read_by, at_the_desk, last_tip
from tipline import casework, lifecycle
from tipline.house import House
from tipline.models import Tip, TipDesk
from tipline.receipts import check_digit, grouped
from tipline.sealing import passwords
from tipline.web import drafts, inbox, locale

LOCKED = "receipt that opened a thread"


@pytest.fixture
def digits(shared: House) -> str:
    """Return the digits of a fresh report."""
    receipt = make.told(shared).receipt
    assert receipt
    return receipt


def reply(house: House, text: str) -> None:
    with make.held(house, at_the_desk(house, "immigration"), last_tip(house).id) as (session, case):
        casework.reply(session, case, text, house.words)


def test_the_page_asks_for_digits_as_a_phone_types_them(somebody: Reporter) -> None:
    page = somebody.open("inbox").text
    field = re.search(r'<input id="receipt"[^>]*>', page)
    assert field
    assert 'inputmode="numeric"' in field[0]
    assert 'autocomplete="off"' in field[0]
    assert "<title>Lentsoe</title>" in page


@pytest.mark.parametrize("write", [str, grouped, "-".join, lambda one: f" {one[:8]}.\t{one[8:]}\n"])
def test_the_digits_open_the_thread_however_they_are_grouped(
    somebody: Reporter, digits: str, write: Callable[[str], str]
) -> None:
    somebody.open("inbox").press("", receipt=write(digits))
    assert ("Motho o tla e bala." if somebody.lang == "st" else "A person will read it.") in somebody.text
    assert ("Ha ho karabo hajoale." if somebody.lang == "st" else "No answer yet.") in somebody.text
    assert make.STORY not in somebody.text


def test_the_desks_answer_appears_and_counts_as_read(somebody: Reporter, shared: House, digits: str) -> None:
    reply(shared, "Re tla u thusa. <b>Ema</b>\nhosane.")
    somebody.open("inbox").press("", receipt=digits)
    assert "Re tla u thusa. &lt;b&gt;Ema&lt;/b&gt;\nhosane." in somebody.text
    entry = as_read_by(shared, "immigration", last_tip(shared)).thread[0]
    assert entry.read_at is not None
    with somebody.client.application.test_request_context(f"/{somebody.lang}/"):
        locale.use_lang(somebody.lang)
        assert inbox._hour(entry.created_at) in somebody.text


def test_the_hour_is_lesothos(shared_app: Flask) -> None:
    with shared_app.test_request_context("/st/"):
        locale.use_lang("st")
        assert inbox._hour(datetime(2026, 11, 24, 22, 0, tzinfo=UTC)) == "la 25 Pulungoana 2026, ka mor’a 00:00"


def test_the_digits_stand_in_no_page_that_they_opened(somebody: Reporter, digits: str) -> None:
    somebody.open("inbox").press("", receipt=digits)
    for _ in range(2):
        assert digits not in re.sub(r"\s", "", somebody.text)
        assert grouped(digits) not in somebody.text
        assert somebody.page.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in somebody.page.headers
        somebody.press("say", text="Ba mo isitse Newcastle.")


def test_saying_more_reaches_the_desk_once(somebody: Reporter, shared: House, digits: str) -> None:
    somebody.open("inbox").press("", receipt=digits)
    page = somebody.form
    for _ in range(2):  # a double send
        somebody.form = page
        somebody.press("say", text="Ba mo isitse Newcastle.\r\nMaobane.")
        assert ("Mantsoe a hau a kentsoe" if somebody.lang == "st" else "Your words were added") in somebody.text
    assert somebody.form.fields["text"] == ""
    thread = as_read_by(shared, "immigration", last_tip(shared)).thread
    assert [one.data for one in thread] == [{"text": "Ba mo isitse Newcastle.\nMaobane."}]
    assert make.is_unread(shared, last_tip(shared))
    assert somebody.text.count("Ba mo isitse Newcastle.\nMaobane.") == 1


def test_danger_said_later_raises_the_report(shared_app: Flask, shared: House) -> None:
    receipt = make.told(shared, text="A man in Maseru pays too little for shop work.").receipt or ""
    before = last_tip(shared).priority
    reporter = Reporter(shared_app.test_client()).open("inbox").press("", receipt=receipt)
    reporter.press("say", text="Help me now, they locked me in and beat me with a knife. I am a child.")
    assert (before > "P0", last_tip(shared).priority) == (True, "P0")


def test_nothing_and_too_much_to_say(somebody: Reporter, digits: str) -> None:
    somebody.open("inbox").press("", receipt=digits).press("say", status=422, text=" ")
    assert 'id="w-text"' in somebody.text
    somebody.press("say", status=413, text="a" * (64 * 1024 + 1))
    assert len(somebody.form.fields["text"]) == 64 * 1024 + 1
    assert somebody.press("look", text="").page.status_code == 200


@pytest.mark.parametrize(
    "typed",
    ["0000000000000000", "1", "12345", "9" * 400, "abcd", "１２３４", "٣" * 16, "²" * 16, "-- --", "\x00", "š" * 40],
)
def test_unknown_and_wrong_digits_get_the_same_answer(somebody: Reporter, digits: str, typed: str) -> None:
    slip = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    unknown = "123456789012345"
    answers = []
    for one in (slip, unknown + check_digit(unknown), typed):
        page = somebody.open("inbox").press("", status=404 if any(c.isdecimal() for c in one) else 422, receipt=one)
        answers.append(re.sub(r'value="[^"]*"', "", page.text))
        assert ("Ha ho tlaleho e buloang" if somebody.lang == "st" else "No report opens with this number") in page.text
    assert len(set(answers)) == 1
    assert digits not in somebody.text


def test_what_was_typed_is_kept_for_a_slip_of_the_finger(somebody: Reporter) -> None:
    somebody.open("inbox").press("", status=404, receipt="1234 5678")
    assert somebody.form.fields["receipt"] == "1234 5678"


@pytest.mark.parametrize("how", ["old", "forged", "a draft"])
def test_a_thread_left_open_asks_for_the_digits_again(somebody: Reporter, shared: House, digits: str, how: str) -> None:
    somebody.open("inbox").press("", receipt=digits)
    keys, now = shared.keys.forms, shared.clock()
    somebody.form.fields["held"] = {
        "old": drafts.lock_field({"digits": digits}, keys, LOCKED, now - timedelta(minutes=61)),
        "forged": "A" * 400,
        "a draft": drafts.seal(drafts.begin(), keys, now),
    }[how]
    somebody.press("say", status=422, text="Newcastle")
    assert somebody.form.fields["text"] == "Newcastle"
    assert digits not in somebody.text
    somebody.press("", receipt=digits)
    assert as_read_by(shared, "immigration", last_tip(shared)).thread[-1].data == {"text": "Newcastle"}


def test_a_closed_report_says_so_and_still_hears_its_reporter(somebody: Reporter, shared: House, digits: str) -> None:
    who = at_the_desk(shared, "immigration")
    with make.held(shared, who, last_tip(shared).id) as (session, case):
        casework.take(session, case)
        casework.close(session, case, "assisted", note="It is done.")
    somebody.open("inbox").press("", receipt=digits)
    assert ("Tlaleho ea hau e koetsoe." if somebody.lang == "st" else "Your report is closed.") in somebody.text
    somebody.press("say", text="She is back.")
    with shared.database.read() as session:
        active = session.scalars(select(TipDesk.active).where(TipDesk.tip_id == last_tip(shared).id)).all()
    assert any(active)


@pytest.mark.parametrize("stage", lifecycle.STAGES)
def test_every_stage_has_plain_words(somebody: Reporter, shared: House, digits: str, stage: str) -> None:
    with shared.database.write() as session:
        session.execute(update(Tip).where(Tip.id == last_tip(shared).id).values(stage=stage))
    page = somebody.open("inbox").press("", receipt=digits).text
    with somebody.client.application.test_request_context(f"/{somebody.lang}/"):
        locale.use_lang(somebody.lang)
        assert str(inbox.STAGES[stage]).replace("&", "&amp;") in page
    assert stage not in re.sub(r'value="[^"]*"|<style>.*?</style>', "", page, flags=re.DOTALL) or "_" not in stage


def test_web_and_ussd_know_the_same_stages() -> None:
    assert set(inbox.STAGES) == set(lifecycle.STAGES) == set(ussd.load_menu().stages)


def test_too_many_at_once_are_asked_to_wait(somebody: Reporter, digits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.01)
    held = 0
    while passwords._RECEIPTS.acquire(blocking=False):
        held += 1
    try:
        somebody.open("inbox").press("", status=503, receipt=grouped(digits))
    finally:
        for _ in range(held):
            passwords._RECEIPTS.release()
    assert ("Batho ba bangata" if somebody.lang == "st" else "Many people are writing") in somebody.text
    assert somebody.press("").page.status_code == 200


def test_a_receipt_in_the_address_opens_nothing(somebody: Reporter, digits: str) -> None:
    page = somebody.open(f"inbox?receipt={digits}").text
    assert digits not in page
    assert "<ol" not in page


def test_the_whole_way_from_a_report_to_its_answer(somebody: Reporter, shared: House) -> None:
    digits = somebody.begin().walk_to("check").press("send").receipt
    reply(shared, "U lokile?")
    somebody.open("inbox").press("", receipt=grouped(digits))
    assert "U lokile?" in somebody.text
    somebody.press("say", text="E, ke lokile.")
    assert [one.kind for one in as_read_by(shared, "immigration", last_tip(shared)).thread] == ["reply", "message"]
