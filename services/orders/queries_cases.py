"""Reads of cases."""

from datetime import datetime

from services.contracts.orders import Party
from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.orders.domain.order import Order
from services.orders.settings import Settings


def newest(_tx: Tx, _order_id: str) -> str | None:
    """The newest of the order."""
    return None


def may_case(
    _tx: Tx,
    _actor: Actor,
    _order: Order,
    _parties: list[Party],
    _now: datetime,
    _settings: Settings,
) -> list[str]:
    """What the actor can do."""
    return []
