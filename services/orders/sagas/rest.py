"""The last step of what gives a deal's money back: what was never fetched is for sale again.

A deal that is cancelled gives its pieces back by `order.cancelled`; one that was fetched in part
ends completed, and only what is still at the store comes back.
"""

import logging
from collections.abc import Mapping
from typing import Any

from services.contracts.catalog import ReserveLine, ReturnPieces
from services.contracts.orders import OrderState
from services.kernel.db import Tx
from services.kernel.errors import Refused
from services.kernel.ids import derived_id
from services.kernel.wire import Done
from services.orders import queries
from services.orders.domain.handing import left_to_fetch
from services.orders.domain.moves import OPEN
from services.orders.domain.order import Order
from services.orders.domain.saga import Saga
from services.orders.sagas.engine import At, Step

log = logging.getLogger(__name__)


def rest_of(
    tx: Tx, before: Order, ended: Order, given_back: Mapping[str, bool]
) -> dict[str, list[dict[str, Any]]]:
    """The saga's fact: what is left at the store, now that the deal was stopped; else nothing."""
    stopped = before.state in OPEN and ended.state is OrderState.COMPLETED
    if not (stopped and ended.picked_at and all(given_back.values())):
        return {"rest": []}
    lines = queries.lines_of(tx, ended.order_id, ended.revision)
    bought = {line.sku_id: line.quantity for line in lines}
    left = left_to_fetch(bought, queries.pickups_of(tx, ended.order_id))
    return {"rest": [{"sku_id": sku, "quantity": n} for sku, n in left.items()]}


def _give_back(at: At, saga: Saga) -> None:
    """A SKU that the catalog does not know any more stays with the store, and hinders nothing."""
    rest = saga.facts.get("rest")
    if not rest:
        return
    command = ReturnPieces(
        request_id=f"{saga.saga_id}.rest",
        return_id=derived_id("rest", saga.order_id),
        lines=[ReserveLine.model_validate(line) for line in rest],
    )
    try:
        at.services.catalog.return_pieces(command, answer=Done, deadline_ms=2500)
    except Refused as refused:
        log.warning("the rest of order %s is not for sale: %s", saga.order_id, refused)


GIVE_BACK_REST = Step("give_back_rest", _give_back)
