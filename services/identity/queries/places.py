"""Communities, gates, buildings and homes."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, select

from services.contracts.identity import CommunitiesView, CommunityView, GateView, NoSuchPlace
from services.identity.tables import BuildingRow, CommunityRow, GateRow, HomeRow
from services.kernel.db import Tx

COMMUNITIES_MAX = 200
GATES_MAX = 2000

_COMMUNITIES = select(
    CommunityRow.community_id, CommunityRow.name, CommunityRow.address, CommunityRow.service_phone
).order_by(CommunityRow.community_id)
_GATES = select(GateRow.gate_id, GateRow.community_id, GateRow.name).order_by(GateRow.gate_id)


def communities(tx: Tx) -> CommunitiesView:
    """All communities, the oldest first, with their gates."""
    return CommunitiesView(communities=_with_gates(tx, _COMMUNITIES.limit(COMMUNITIES_MAX), _GATES))


def community(tx: Tx, community_id: str) -> CommunityView:
    """One community with its gates; NoSuchPlace where there is none."""
    one = _COMMUNITIES.where(CommunityRow.community_id == community_id)
    found = _with_gates(tx, one, _GATES.where(GateRow.community_id == community_id))
    if not found:
        raise NoSuchPlace
    return found[0]


def _with_gates(tx: Tx, wanted: Select[Any], gates: Select[Any]) -> list[CommunityView]:
    by_community: dict[str, list[GateView]] = defaultdict(list)
    for gate in tx.all(gates.limit(GATES_MAX)):
        by_community[gate.community_id].append(GateView(**gate._mapping))
    return [
        CommunityView(**row._mapping, gates=by_community[row.community_id])
        for row in tx.all(wanted)
    ]


def community_of_home(tx: Tx, home_id: str) -> str | None:
    """The community in which a home is; None where there is no such home."""
    found = (
        select(BuildingRow.community_id)
        .join(HomeRow, HomeRow.building_id == BuildingRow.building_id)
        .where(HomeRow.home_id == home_id)
    )
    row = tx.first(found)
    return row.community_id if row else None


def communities_of_buildings(tx: Tx, building_ids: Collection[str]) -> dict[str, str]:
    """The community of each building that there is."""
    if not building_ids:
        return {}
    found = select(BuildingRow.building_id, BuildingRow.community_id)
    rows = tx.all(found.where(BuildingRow.building_id.in_(sorted(building_ids))))
    return {row.building_id: row.community_id for row in rows}


def place_of_building(tx: Tx, building_id: str) -> Row[Any]:
    """`community_id`, `x_m`, `y_m` of a building; NoSuchPlace where there is none."""
    found = select(BuildingRow.community_id, BuildingRow.x_m, BuildingRow.y_m)
    row = tx.first(found.where(BuildingRow.building_id == building_id))
    if row is None:
        raise NoSuchPlace
    return row
