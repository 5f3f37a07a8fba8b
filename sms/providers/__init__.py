"""The carriers, one file each. A new one: its file, a line in ``BY_NAME``; the conformance test picks it up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from sms.gateway import Gateway
from tipline.settings import Settings


@dataclass(frozen=True)
class Carrier:
    """Where a carrier's file is, and what shows that it is set up."""

    module: str
    is_set_up: Callable[[Settings], bool]


BY_NAME: Mapping[str, Carrier] = {
    "africastalking": Carrier("sms.providers.africastalking", lambda s: bool(s.africastalking.callback_secrets)),
    "twilio": Carrier("sms.providers.twilio", lambda s: bool(s.twilio.auth_token)),
    "kannel": Carrier("sms.providers.kannel", lambda s: bool(s.kannel.callback_secrets)),
    "console": Carrier("sms.providers.console", lambda s: s.demo),
}


def load(settings: Settings) -> dict[str, Gateway]:
    """Load the carriers that are set up; a carrier's library is imported when it first sends.

    One may write to us (its secret is set) and yet not be among ``settings.carriers``, which send.
    """
    found: dict[str, Gateway] = {}
    for name, carrier in BY_NAME.items():
        if carrier.is_set_up(settings):
            found[name] = import_module(carrier.module).make(settings)
    return found
