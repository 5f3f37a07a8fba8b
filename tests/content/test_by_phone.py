"""The shipped lessons by USSD: each is found in the list and read to its end, every screen within its length."""

from __future__ import annotations

import pytest

from content import library
from sms.menu import LANGS, Lang, Lesson, load_menu, paged
from tests.unit.ussd_walks import lines, walk


@pytest.mark.parametrize("lang", LANGS)
def test_every_lesson_is_chosen_and_read_to_its_end(lang: Lang) -> None:
    lessons = library.load(lang)
    menu = load_menu(lessons={lang: [Lesson(one.slug, one.short, one.ussd) for one in lessons]})
    chooses, read = str(LANGS.index(lang) + 1), []
    for page, choices in enumerate(paged(menu, menu.steps["learn"], lang, None)):
        for number, _ in enumerate(choices, 1):
            turn = walk(menu, chooses, "3")
            for _ in range(page):
                turn = walk(menu, lines(turn.screen)[-3].split(".")[0], session=turn.session)
            turn = walk(menu, str(number), session=turn.session)
            read.append(turn.session.scratch["lesson"])
            turn = walk(menu, *["1"] * 5, session=turn.session)
            assert turn.screen.end
    assert read == [one.slug for one in lessons]
    assert len(read) == 10
