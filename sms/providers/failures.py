"""What a failed HTTP call to a carrier means. Nothing here, and nothing logged on the way, quotes the request."""

from __future__ import annotations

import logging

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from tipline.outbox import SendFailed

TIMEOUT = (5, 10)  # seconds to connect, seconds without an answer

# urllib3 logs whole addresses at its lower levels; Kannel's carry the password, the number and the text.
logging.getLogger("urllib3").setLevel(logging.WARNING)


def of_request(error: requests.RequestException, carrier: str) -> SendFailed:
    """Say what it means that no answer came: if the connection never stood, the message was not taken."""
    if isinstance(error, requests.ConnectTimeout) or _never_stood(error):
        return SendFailed("unreachable", carrier=carrier)
    if isinstance(error, requests.Timeout):
        return SendFailed("no_answer", unsure=True, carrier=carrier)
    return SendFailed("broken_off", unsure=True, carrier=carrier)


def _never_stood(error: requests.RequestException) -> bool:
    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
