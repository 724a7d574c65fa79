"""A decision is carried out: the saga that splits the money begins with it."""

from datetime import datetime

from services.kernel.db import Database, Tx
from services.kernel.ids import derived_id
from services.kernel.rpc_client import Services
from services.orders.domain.dispute import Dispute
from services.orders.domain.order import Order
from services.orders.queries_disputes import find_dispute
from services.orders.sagas import engine
from services.orders.sagas.disputes import RULE, rule_facts, rule_subject
from services.orders.sagas.engine import At
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings


def begin_split(tx: Tx, order: Order, dispute: Dispute, now: datetime) -> str:
    """Write down that the decision is to be carried out; the saga to be driven after the commit."""
    subject_id = rule_subject(dispute)
    return engine.begin(tx, RULE, order.order_id, subject_id, rule_facts(dispute), now)


def drive_split(
    db: Database, services: Services, dispute_id: str, now: datetime, settings: Settings
) -> None:
    """Go on with the last decision, as far as settlement answers."""
    with db.reading() as tx:
        dispute = find_dispute(tx, dispute_id)
    if dispute is not None:
        saga_id = derived_id("saga", RULE.kind, rule_subject(dispute))
        engine.drive(db, KINDS, At(services, settings, now), saga_id)
