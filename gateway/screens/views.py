"""One screen: who comes and goes (names masked by the page), and the shops of the community.

A screen is signed in once, by a member of staff who may see the gate log; its session lasts long.
"""

from flask import Blueprint

from gateway import guard
from gateway.h5.gate import gates
from gateway.pages import draw
from gateway.parts import parts
from services.contracts.delivery import GateLogQuery, VisitState
from services.contracts.identity import CommunityQuery, NoSuchPlace, StoresQuery

blueprint = Blueprint("screens", __name__)

VISITS = 6
STORES = 3
REFRESH_S = 10


@blueprint.get("/screens/<gate_id>")
def gate(gate_id: str) -> str:
    """The screen by this gate."""
    guard.act()
    here = next((one for one in gates() if one.gate_id == gate_id), None)
    if here is None:
        raise NoSuchPlace()
    backends = parts().backends
    visits = backends.delivery.gate_log(
        GateLogQuery(
            community_id=here.community_id,
            states=[VisitState.INSIDE, VisitState.EXPECTED],
            limit=VISITS,
        )
    )
    stores = backends.identity.stores(StoresQuery(community_id=here.community_id, limit=STORES))
    return draw(
        "screens/gate.html",
        community=backends.identity.community(CommunityQuery(community_id=here.community_id)),
        gate=here,
        visits=visits.items,
        stores=stores.items,
        refresh_seconds=REFRESH_S,
    )
