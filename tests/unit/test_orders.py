"""Orders by text: what is one, in both languages and misspelt, and what is none."""

from __future__ import annotations

import pytest

from sms import conversation, orders
from sms.orders import Order

DIGITS = "1234567890123456"


@pytest.mark.parametrize(
    ("text", "kind", "lang", "sure"),
    [
        ("HLAKOLA", "delete", "st", False),
        ("hlakola tsohle", "delete", "st", False),
        ("Ke entse phoso, ke kopa le hlakole molaetsa oa ka", "delete", "st", False),
        ("Sorry, it was a mistake, please delete my message", "delete", "en", False),
        ("Hlakola melaetsa ea ka", "delete", "st", False),
        ("Ka kopo hlakola seo ke se boletseng", "delete", "st", False),
        ("HLKAOLA", "delete", "st", False),
        ("delete", "delete", "en", False),
        ("Please delete everything I told you", "delete", "en", False),
        ("DELTE my messages pls", "delete", "en", False),
        ("d.e.l.e.t.e", "delete", "en", False),
        ("DELETE YES", "delete", "en", True),
        ("hlakola e", "delete", "st", True),
        ("KOALA", "close", "st", False),
        ("close my code", "close", "en", False),
        ("E", "yes", "st", True),
        ("ee hle", "yes", "st", True),
        ("Yes please", "yes", "en", True),
        ("y", "yes", "en", True),
    ],
)
def test_an_order_however_it_is_written(text: str, kind: str, lang: str, sure: bool) -> None:
    assert orders.read(text) == Order(kind, lang, sure)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kind", "sure"),
    [
        (f"DELETE {DIGITS}", "delete", False),
        ("delete yes 1234 5678 9012 3456", "delete", True),
        ("1234-5678-9012-3456 hlakola e", "delete", True),
        ("Koala linomoro tsena 1234 5678 9012 3456", "close", False),
        ("CLOSE YES 1234 5678\n9012 3456", "close", True),
    ],
)
def test_beside_sixteen_digits_it_is_about_what_they_open(text: str, kind: str, sure: bool) -> None:
    order = orders.read(text)
    assert order is not None
    assert (order.kind, order.sure, order.digits) == (kind, sure, DIGITS)
    assert DIGITS not in repr(order)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "They delete our messages at night",
        "He said: delete it or I close the door",
        "Ba hlakola melaetsa ea rona bosiu",
        "close to the border at Maputsoe",
        "The shop is closed",
        "delete 1234",
        "DELETE 12345678901234567",
        DIGITS,
        f"yes {DIGITS}",
        "no",
        "Che",
        "yes he took my passport",
        "delete " + "please " * 20,
    ],
)
def test_everything_else_is_none(text: str) -> None:
    assert orders.read(text) is None


def test_nothing_that_is_sent_for_it_names_more_than_it_must() -> None:
    for name in ("delete_ask", "delete_ask_part", "deleted", "deleted_part", "delete_digits", "close_digits"):
        for lang in conversation.LANGS:
            said = conversation.render(name, lang).lower()
            assert not any(
                word in said for word in ("police", "polesa", "traffick", "khoebo", "desk", "ofisi", "office")
            )
