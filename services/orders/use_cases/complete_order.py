"""The deal is done: the resident says so (the clock says so in `pass_deadlines`)."""

from datetime import datetime

from services.contracts.orders import (
    ConfirmReceipt,
    OrderView,
    Step,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.wire import Done
from services.orders import ending, locks
from services.orders.domain.moves import Act
from services.orders.settings import Settings
from services.orders.standing import doer_of, party_for
from services.orders.views import order_view


def confirm_receipt(
    db: Database, command: ConfirmReceipt, actor: Actor, now: datetime, settings: Settings
) -> OrderView:
    """The resident has it; a repeat changes nothing more and shows the order as it stands."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            party = party_for(actor, order, Act.COMPLETE)
            doer = doer_of(actor, party, command.client)
            ending.complete(tx, order, order.complete(party, now), Step.COMPLETED, doer, now)
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now, settings)
