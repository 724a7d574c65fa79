"""What identity calls the gates, remembered: a guard should not wait for it each time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.contracts.identity import CommunityQuery, CommunityView, NoSuchPlace
from services.kernel.errors import Unavailable

FRESH_FOR = timedelta(minutes=10)
COMMUNITIES_MAX = 500


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate of a community and its name."""

    gate_id: str
    name: str


class GateNames:
    """The gates of communities as this process last heard of them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, dict[str, Gate]]] = {}

    def gate(self, services: Any, community_id: str, gate_id: str, now: datetime) -> Gate:
        """The gate; NoSuchPlace when the community has none of that id.

        While identity is away, a gate that was known before serves on.
        """
        asked_at, gates = self._known.get(community_id, (None, {}))
        if asked_at is None or gate_id not in gates or now - asked_at > FRESH_FOR:
            try:
                gates = self._ask(services, community_id, now)
            except Unavailable:
                if gate_id not in gates:
                    raise
        if gate_id not in gates:
            raise NoSuchPlace("no such gate of this community")
        return gates[gate_id]

    def _ask(self, services: Any, community_id: str, now: datetime) -> dict[str, Gate]:
        view = services.identity.community(
            CommunityQuery(community_id=community_id), answer=CommunityView, deadline_ms=1500
        )
        gates = {gate.gate_id: Gate(gate.gate_id, gate.name) for gate in view.gates}
        if len(self._known) >= COMMUNITIES_MAX:
            self._known.clear()
        self._known[community_id] = (now, gates)
        return gates
