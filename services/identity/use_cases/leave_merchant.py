"""A merchant leaves for good."""

from datetime import datetime

from sqlalchemy import update

from services.contracts.identity import LeaveMerchant, MerchantGone, MerchantLeft
from services.identity import locks
from services.identity.queries.trust import certified_subject
from services.identity.reach import need_communities
from services.identity.tables import MerchantRow
from services.identity.trust import Ground, leave
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import NotFound
from services.kernel.wire import Done


def leave_merchant(db: Database, command: LeaveMerchant, actor: Actor, now: datetime) -> Done:
    """Close its stores, put the reason on record and tell; MerchantGone for a second time."""
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, Done(), by=actor.account_id) is None:
            _leave(tx, command, actor, now)
        return Done()


def _leave(tx: Tx, command: LeaveMerchant, actor: Actor, now: datetime) -> None:
    merchant = locks.merchant_for_update(tx, command.merchant_id)
    subject = certified_subject(tx, command.merchant_id)
    if merchant is None or subject is None:
        raise NotFound
    need_communities(tx, actor, subject.community_ids)
    if merchant.left_at is not None:
        raise MerchantGone
    ground = Ground(actor, command.request_id, command.reason, now)
    leave(tx, command.merchant_id, subject.store_ids, ground)
    tx.execute(
        update(MerchantRow)
        .where(MerchantRow.merchant_id == command.merchant_id)
        .values(left_at=now)
    )
    outbox.emit(
        tx, MerchantLeft(aggregate_id=command.merchant_id, version=1, reason=command.reason)
    )
