"""Staff work in the communities that identity names in their token: other money is not there."""

from typing import Any

from sqlalchemy import ColumnElement, select

from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.settlement.tables import PaymentRow


def reaches(actor: Actor, community_id: str | None) -> bool:
    """Whether it is one of the actor's; money from before communities were noted is everybody's."""
    return community_id is None or community_id in actor.communities


def reaches_payment(tx: Tx, actor: Actor, payment_id: str) -> bool:
    """The same for what belongs to a payment."""
    community = select(PaymentRow.community_id).where(PaymentRow.payment_id == payment_id)
    return reaches(actor, tx.scalar(community))


def within(actor: Actor, community_id: Any) -> ColumnElement[bool]:
    """The same as a condition on a column."""
    return community_id.in_(actor.communities)  # type: ignore[no-any-return]
