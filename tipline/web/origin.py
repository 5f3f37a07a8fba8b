"""Whether a form was sent from our own pages.

There is no cookie on public pages, so this only keeps other sites from making their visitors write to us: it is no
token, and a browser that says nothing is believed.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request

from tipline.web import house


def from_elsewhere(request: Request) -> bool:
    """Say whether a browser states that another site sent this form.

    Old browsers and Tor may state nothing, and our own ``no-referrer`` turns ``Origin`` into ``null``: both pass.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    ours = {request.host, urlsplit(house().settings.base_url).netloc}
    return origin != "null" and urlsplit(origin).netloc not in ours
