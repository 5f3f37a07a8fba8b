"""What the same input always gives is worked out once in a run: slow hashes, and werkzeug's code for each route.

Nothing is made cheaper: each distinct password, salt, pepper and cost runs the real Argon2id once, in its slot and its
thread; the copies of one demo instance only share what they would work out alike. Processes that tests start know
nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from werkzeug.routing.rules import Rule


@contextmanager
def remembered() -> Iterator[None]:
    """Remember both while this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tipline.sealing.passwords.Argon2id", _Remembering)
        patch.setattr(Rule, "_compile_builder", _builder_of(Rule._compile_builder))
        yield


class _Remembering:
    """The real Argon2id, which asks itself once."""

    known: dict[tuple[object, ...], bytes] = {}  # noqa: RUF012 - all share it

    def __init__(self, **cost: Any) -> None:
        self._real = Argon2id(**cost)
        self._cost = tuple(sorted(cost.items()))

    def derive(self, secret: bytes) -> bytes:
        """Return what the real one derives."""
        asked = (*self._cost, secret)
        found = self.known.get(asked)
        if found is None:
            found = self.known[asked] = self._real.derive(secret)
        return found


def _builder_of(real: Callable[..., Any]) -> Callable[..., Any]:
    """Compile the address of a route once; the function is bound to its rule only afterwards."""
    known: dict[tuple[object, ...], Any] = {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:  # noqa: FBT002 - werkzeug's own
        asked = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if asked not in known:
            known[asked] = real(rule, append_unknown)
        return known[asked]

    return compile_builder
