"""The public pages that only tell: both languages, light, neutral; no script, no cookie, nobody else."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from content import library
from tests.web.small import small_app
from tipline.web import look

KB = 1000
# Address → most bytes and requests, cold, with brotli (favicon and manifest count).
BUDGETS = {"": (14, 4), "learn": (14, 4), "help": (8, 2), "privacy": (14, 2)}
BUDGETS |= {f"learn/{lesson.slug}": (20, 5) for lesson in library.load("st")}
ADDRESSES = [f"/{lang}/{page}" for lang in ("st", "en") for page in BUDGETS]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return small_app().test_client()


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_whole_and_says_its_language(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    page = response.text
    assert response.status_code == 200
    assert f'<html lang="{address[1:3]}">' in page
    assert page.count("<h1") == 1
    assert '<a class="leave" href="/exit"' in page
    assert "Set-Cookie" not in response.headers
    title = re.search(r"<title>(.*?)</title>", page)
    assert title
    assert title[1].endswith("Lentsoe")
    assert not re.search(r"traffick|khoebo|police|sepolesa|report|tlaleh", title[1], re.IGNORECASE)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_needs_no_script_and_nobody_else(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    page = response.text
    assert "<script" not in page
    assert not re.search(r"\sstyle=|\son[a-z]+=", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)
    policy = response.headers["Content-Security-Policy"]
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert [len(styles), "unsafe" in policy] == [1, False]
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert look.csp_hashes(client.application) == (f"'sha256-{digest}'",)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_other_language_is_one_link_away(client: FlaskClient, address: str) -> None:
    other = {"st": "en", "en": "st"}[address[1:3]]
    link = f'<a href="/{other}{address[3:]}" lang="{other}" hreflang="{other}">'
    assert link in client.get(address).text
    assert client.get(f"/{other}{address[3:]}").status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_keeps_its_budget(client: FlaskClient, address: str) -> None:
    most, requests = BUDGETS[address[4:]]
    first = client.get(address, headers={"Accept-Encoding": "br"})
    assert first.headers["Content-Encoding"] == "br"
    parts = re.findall(
        r'<link rel="(?:icon|manifest)" href="([^"]+)"|<img[^>]* src="([^"]+)"', client.get(address).text
    )
    weight = len(first.data) + sum(400 + len(str(first.headers)) for _ in parts)
    weight += sum(len(client.get(one or other).data) for one, other in parts)
    assert 1 + len(parts) <= requests
    assert weight + len(str(first.headers)) <= most * KB


def test_the_stylesheet_stays_small() -> None:
    assert len(look.stylesheet("public.css").encode()) < 5 * 1024


@pytest.mark.parametrize(
    ("asked", "lang"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("st,en;q=0.5", "st"),
        ("st-LS", "st"),
        ("fr,de", "st"),
        ("", "st"),
        ("fr,en;q=0.1", "en"),
    ],
)
def test_the_root_takes_the_language_of_the_browser_else_sesotho(client: FlaskClient, asked: str, lang: str) -> None:
    response = client.get("/", headers={"Accept-Language": asked})
    assert (response.status_code, response.location) == (302, f"/{lang}/")
    assert "Accept-Language" in response.headers["Vary"]
    assert "Set-Cookie" not in response.headers


def test_leaving_goes_elsewhere_and_asks_the_browser_to_forget(client: FlaskClient) -> None:
    response = client.get("/exit")
    assert (response.status_code, response.location) == (303, "https://www.example.org/")
    assert response.headers["Clear-Site-Data"] == '"cookies", "storage"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("address", ["/st/help", "/en/help"])
def test_help_shows_no_number_before_it_is_confirmed(client: FlaskClient, address: str) -> None:
    page = client.get(address).text
    assert "tel:" not in page
    assert ("seteisheneng sa mapolesa" if address[1:3] == "st" else "nearest police station") in page


def test_help_shows_a_confirmed_number_first(tmp_path: Path) -> None:
    block = '[[service]]\nslug = "police"\nphone = "123"\nhours_st = "motšehare"\nverified_on = 2026-12-01\n'
    (tmp_path / "services.toml").write_text(block)
    page = small_app(tmp_path).test_client().get("/st/help").text
    assert page.index('href="tel:123"') < page.index("seteisheneng sa mapolesa")
    assert "motšehare" in page


def test_only_a_demo_says_that_it_is_one(client: FlaskClient) -> None:
    assert "Ena ke teko feela" not in client.get("/st/").text
    assert "Ena ke teko feela" in small_app(demo=True).test_client().get("/st/").text


def test_the_front_page_tells_of_the_ways_without_internet(client: FlaskClient) -> None:
    page = client.get("/en/").text
    assert "Dial *123# on any phone." in page
    assert "32100" in page
    assert '<a class="go main" href="/en/report">' in page


def test_the_lesson_says_that_nobody_has_read_its_sesotho_yet(client: FlaskClient) -> None:
    page = client.get("/st/learn/job-offers").text
    assert "ha le e-s’o baloe" in page
    assert "not yet been read by a first-language reader" in page
    assert "la 20 Motšeanong 2027" in page
    assert "not yet been read" not in client.get("/en/learn/job-offers").text


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/favicon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/robots.txt", "text/plain"),
    ],
)
def test_small_files_are_there_small_and_neutral(client: FlaskClient, address: str, kind: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert response.content_type.startswith(kind)
    assert len(response.data) < 3 * KB
    assert "max-age" in response.headers["Cache-Control"]
    assert b"traffick" not in response.data.lower()


@pytest.mark.parametrize(
    ("address", "word"), [("/st/nothing", "Ha ho letho mona."), ("/en/learn/nothing", "nothing here")]
)
def test_what_is_not_there_is_said_in_the_readers_language(client: FlaskClient, address: str, word: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert word in response.text
    assert f'href="/{address[1:3]}/help"' in response.text
