"""Twilio's signature: the vectors of twilio-python's own test of its validator (token 12345), against our door's check.

https://github.com/twilio/twilio-python/blob/main/tests/unit/test_request_validator.py; those with HMAC-SHA256 are
computed here by the standard library over what the first ones sign.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest

from sms.gateway import FORM, Call
from sms.providers.twilio import Twilio

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
)
TWICE = (("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"))
BODY = '{"property": "value", "boolean": true}'
BODY_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
WITH_BODY = f"{URL}&bodySHA256={BODY_HASH}"
JSON = "application/json"

VECTORS = {
    "as it is": (URL, FIELDS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    "a field twice": (URL, TWICE, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    "a port that was not signed": (URL.replace(".com", ".com:1234"), FIELDS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    "http with its port": (
        URL.replace(".com", ".com:1234").replace("https", "http"), FIELDS, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
    ),
    "port 443 was signed": (URL, FIELDS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    "port 80 was signed": (URL.replace("https", "http"), FIELDS, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
}  # fmt: skip


@pytest.fixture
def twilio() -> Twilio:
    return Twilio("AC1", TOKEN, "+15005550006", "", "https://mycompany.com")


def call(url: str, body: str, signature: str, kind: str = FORM, settings: str = "") -> Call:
    headers = {"content-type": kind, "x-twilio-signature": signature, "x-twilio-webhooks-signature-settings": settings}
    return Call(url, headers, url.partition("?")[2].encode(), body.encode())


def sha256(url: str, fields: tuple[tuple[str, str], ...]) -> str:
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("name", VECTORS)
def test_what_twilio_signs_is_let_in(twilio: Twilio, name: str) -> None:
    url, fields, signature = VECTORS[name]
    assert twilio.verify(call(url, urlencode(fields), signature))


@pytest.mark.parametrize("name", VECTORS)
def test_a_change_anywhere_is_not(twilio: Twilio, name: str) -> None:
    url, fields, signature = VECTORS[name]
    body = urlencode(fields)
    for changed in (
        call(url + "1", body, signature),
        call(url, body + "&More=1", signature),
        call(url, body.replace("1234", "1235"), signature),
        call(url, "", signature),
        call(url, body, signature[:-2] + "A="),
        call(url, body, ""),
        call(url, body, signature, JSON),
        call(url, body, signature, settings="key=k,algorithm=HMAC_SHA256"),
        call(url, body, signature, settings="key=k,algorithm=HMAC_MD5"),
    ):
        assert not twilio.verify(changed)
    other = Twilio("AC1", "54321", "+15005550006", "", "https://mycompany.com")
    assert not other.verify(call(url, body, signature))


@pytest.mark.parametrize("settings", ["", "key=webhooks_sharedkey_1", "algorithm=HMAC_SHA1"])
def test_without_a_named_algorithm_it_is_the_old_one(twilio: Twilio, settings: str) -> None:
    url, fields, signature = VECTORS["as it is"]
    assert twilio.verify(call(url, urlencode(fields), signature, settings=settings))


@pytest.mark.parametrize("fields", [FIELDS, TWICE])
def test_the_newer_algorithm_stands_in_a_header_of_its_own(twilio: Twilio, fields: tuple[tuple[str, str], ...]) -> None:
    signature = sha256(URL, fields)
    named = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert twilio.verify(call(URL, urlencode(fields), signature, settings=named))
    assert twilio.verify(call(URL, urlencode(fields), signature, settings=" algorithm = HMAC_SHA256 , key=x"))
    assert not twilio.verify(call(URL, urlencode(fields), signature))
    assert not twilio.verify(call(URL, urlencode(fields) + "&a=b", signature, settings=named))


class TestABodyThatIsNoForm:
    SIGNATURE = "a9nBmqA0ju/hNViExpshrM61xv4="

    def test_is_signed_by_its_hash_in_the_address(self, twilio: Twilio) -> None:
        assert twilio.verify(call(WITH_BODY, BODY, self.SIGNATURE, JSON))
        signature = sha256(WITH_BODY, ())
        assert twilio.verify(call(WITH_BODY, BODY, signature, JSON, "algorithm=HMAC_SHA256"))

    def test_is_refused_where_it_is_another(self, twilio: Twilio) -> None:
        assert not twilio.verify(call(WITH_BODY, BODY + " ", self.SIGNATURE, JSON))
        assert not twilio.verify(call(WITH_BODY, BODY, self.SIGNATURE, FORM))
        assert not twilio.verify(call(WITH_BODY + "0", BODY, self.SIGNATURE, JSON))

    @pytest.mark.parametrize("asked", ["", "&bodySHA256=", "&xbodySHA256=1", "&bodySHA256"])
    def test_without_a_hash_nothing_was_signed(self, twilio: Twilio, asked: str) -> None:
        for signature in ("RSOYDt4T1cUTdK1PDd93/VVr8B8=", self.SIGNATURE, ""):
            assert not twilio.verify(call(URL + asked, BODY, signature, JSON))


def test_more_fields_than_twilio_sends_are_refused(twilio: Twilio) -> None:
    assert not twilio.verify(call(URL, "&".join("a=b" for _ in range(300)), "x"))
    assert not twilio.verify(call(URL + "&a=b" * 300, BODY, "x", JSON))
