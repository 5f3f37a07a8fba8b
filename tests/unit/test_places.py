"""Districts and ports of entry: the list, and finding them in what people type."""

from __future__ import annotations

import pytest

from tipline import places


def test_ten_districts_and_fifteen_ports_stand_in_the_data() -> None:
    assert len(places.districts()) == 10
    assert len(places.ports()) == 15
    assert {place.code for place in places.districts()} == {f"LS-{letter}" for letter in "ABCDEFGHJK"}


def test_every_port_lies_in_a_district() -> None:
    assert all(places.ALL[port.district or ""].kind == "district" for port in places.ports())
    assert {port.slug for port in places.ports("leribe")} == {"maputsoe-bridge", "peka-bridge"}
    assert places.ports("nowhere") == ()


@pytest.mark.parametrize("slug", sorted(places.ALL))
def test_a_slug_and_both_names_find_their_place(slug: str) -> None:
    place = places.ALL[slug]
    assert places.lookup(slug) is place
    if place.kind != "informal":
        assert places.find(place.name_en) is place
        assert places.find(f"ho etsahetse {place.name_st}") is place


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("near Ficksburg right now", "maputsoe-bridge"),
        ("factory in maputsoe", "leribe"),
        ("Maputsoe bridge", "maputsoe-bridge"),
        ("ke Maseru", "maseru"),
        ("leliboho la Maseru", "maseru-bridge"),
        ("at Maseru Bridge taxi rank", "maseru-bridge"),
        ("this weekend in Semonkong", "maseru"),
        ("ko TY", "berea"),
        ("Teyateyaneng", "berea"),
        ("from Butha Buthe", "botha-bothe"),
        ("Butha-Buthe border", "caledonspoort"),
        ("caledons poort", "caledonspoort"),
        ("CALEDON SPOOTS", "caledonspoort"),
        ("ha Qacha", "qachas-nek"),
        ("Qachas nek border", "qachas-nek-border"),
        ("qacha’s nek", "qachas-nek"),
        ("Ramatšeliso", "ramatselisos-gate"),
        ("ramatsediso gate", "ramatselisos-gate"),
        ("bushmans nek", "nkonkoana-gate"),
        ("tele bridge at night", "tele-bridge"),
        ("Mazenod", "moshoeshoe-airport"),
        ("van rooyen gate", "van-rooyens-gate"),
        ("sephapo's", "sephaphus-gate"),
        ("Mokhotlogn", "mokhotlong"),
        ("a herd boy at a post in Mokhotlong", "mokhotlong"),
        ("mohaleshoek", "mohales-hoek"),
        ("girl from Leribe is locked in a house in Mafeteng", "mafeteng"),
        ("from Mokhotlong to Sani Pass", "sani-pass"),
        ("ba tšela ka noka", "informal"),
    ],
)  # fmt: skip
def test_places_are_found_as_people_write_them(text: str, slug: str) -> None:
    found = places.find(text)
    assert found is not None
    assert found.slug == slug


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "mohiri ha a ntefe moputso", "I was in Durban", "mokhatlo oa rona", "??", "5", "a mine in Welkom",
        "Qwa-Qwa", "ho ea Qwaqwa", "a factory in Newcastle", "Mandeni", "Ladybrand", "Mangaung, Bloemfontein",
    ],
)  # fmt: skip
def test_no_place_is_found_where_none_is_named(text: str) -> None:
    assert places.find(text) is None
    assert places.lookup(text) is None
