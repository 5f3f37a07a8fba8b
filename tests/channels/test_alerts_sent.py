"""Alerts as they leave: one neutral sentence, by the carrier and by the mail server, and nothing in a log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from sms import conversation
from tests.channels.mail_server import Post, mail_server
from tipline import mail, outbox, settings
from tipline.errors import SettingsError
from tipline.outbox import SendFailed, Sent, Text

SAID = {"st": conversation.render("urgent_waits", "st"), "en": conversation.render("urgent_waits", "en")}
TELLING = ("police", "sepolesa", "immigration", "bofalli", "traffick", "khoebo", "shelter", "tip", "report")


class Carriers:
    def send(self, message: Text) -> Sent:
        return Sent("elsewhere")


@pytest.fixture
def post() -> Iterator[Post]:
    with mail_server() as one:
        yield one


def sender(port: int, host: str = "127.0.0.1") -> mail.MailSender:
    return mail.MailSender(Carriers(), mail.Smtp(host, port, sender="line@example.org"), SAID.__getitem__)


def letter(lang: str = "en") -> Text:
    return Text("officer@example.org", lang, kind=outbox.MAIL)


def test_it_names_no_desk_and_no_crime() -> None:
    for said in SAID.values():
        assert not [word for word in TELLING if word in said.lower()]


@pytest.mark.parametrize("lang", ["st", "en"])
def test_a_letter_says_that_something_waits_and_no_more(post: Post, lang: str) -> None:
    assert sender(post.port).send(letter(lang)).carrier == "mail"
    ((to, whole),) = post.letters
    assert to == "officer@example.org"
    assert whole.count(SAID[lang]) == 2  # subject and body
    assert not [word for word in TELLING if word in whole.lower()]


def test_a_text_goes_to_the_carriers(post: Post) -> None:
    assert sender(post.port).send(Text("+26658000001", "en", kind=outbox.ALERT)).carrier == "elsewhere"
    assert post.letters == []


def test_what_goes_wrong_is_a_code(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post.refuse = True
    for one, code, final in (
        (sender(post.port), "bad_address", True),
        (sender(1), "unreachable", False),
        (sender(0, ""), "no_carrier", False),
    ):
        with pytest.raises(SendFailed) as failed:
            one.send(letter())
        assert (failed.value.code, failed.value.final, failed.value.carrier) == (code, final, "mail")
        assert "officer" not in str(failed.value)
    assert "officer" not in caplog.text


def test_the_settings_of_a_mail_server(tmp_path: object) -> None:
    told = settings.load(
        {"TIPLINE_SMTP_URL": "smtps://me:a%2Fb@mail.example.org", "TIPLINE_MAIL_FROM": "l@example.org"}
    )
    assert told.smtp == mail.Smtp("mail.example.org", 465, True, "me", "a/b", "l@example.org")
    assert "a/b" not in repr(told)
    assert settings.load({"TIPLINE_SMTP_URL": "smtp://h", "TIPLINE_MAIL_FROM": "l@example.org"}).smtp.port == 587
    for wrong in ("http://h", "smtp://", "smtp://h:99999", "mail.example.org"):
        with pytest.raises(SettingsError, match="TIPLINE_SMTP_URL"):
            settings.load({"TIPLINE_SMTP_URL": wrong, "TIPLINE_MAIL_FROM": "l@example.org"})
    with pytest.raises(SettingsError, match="TIPLINE_MAIL_FROM"):
        settings.load({"TIPLINE_SMTP_URL": "smtp://h"})
