"""One instance that many tests of the public pages share: what they send does not get in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests import make
from tests.web.reporter import Reporter
from tipline.house import House


@pytest.fixture(scope="package")
def shared_app(template_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Give the app of a demo instance with a short code and a USSD code."""
    var = make.copy(template_var, tmp_path_factory.mktemp("shared") / "var")
    made = make.app(var, TIPLINE_SHORTCODE="32100", TIPLINE_USSD_CODE="*123#")
    yield made
    make.house_of(made).database.dispose()


@pytest.fixture
def shared(shared_app: Flask) -> House:
    """Return the house that the shared app serves."""
    return make.house_of(shared_app)


@pytest.fixture(params=["st", "en"])
def somebody(request: pytest.FixtureRequest, shared_app: Flask) -> Reporter:
    """Return a reporter, once in each language."""
    return Reporter(shared_app.test_client(), request.param)
