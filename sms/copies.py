"""The carriers as keepers of copies: which of them erase, and by whose word."""

from __future__ import annotations

from collections.abc import Mapping

from sms.gateway import Erases, Gateway
from tipline.erasure import Erased


class CarrierCopies:
    """Has copies erased by the carriers that can, whether or not they send."""

    def __init__(self, gateways: Mapping[str, Gateway]) -> None:
        """Take the carriers that are loaded."""
        self._gateways = gateways

    def can_erase(self, carrier: str) -> bool:
        """Say whether a carrier erases; one that is not set up just now may be so again."""
        return carrier not in self._gateways or isinstance(self._gateways[carrier], Erases)

    def erase(self, carrier: str, carrier_id: str) -> Erased:
        """Have one copy erased."""
        gateway = self._gateways.get(carrier)
        if gateway is None:
            return Erased.LATER
        return gateway.erase(carrier_id) if isinstance(gateway, Erases) else Erased.CANNOT
