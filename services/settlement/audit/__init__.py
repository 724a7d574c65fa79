"""Proves the books a second way: by SQL over all rows, against channel bills and against orders."""

from collections.abc import Mapping
from datetime import datetime

from services.contracts.settlement import AuditView, Channel
from services.kernel.db import Database
from services.settlement.audit import books
from services.settlement.audit.bills import prove_bills
from services.settlement.audit.match import match_orders
from services.settlement.domain.channel import PayChannel

__all__ = ["match_orders", "prove_books"]


def prove_books(
    db: Database, channels: Mapping[Channel, PayChannel], bill_days: int, now: datetime
) -> AuditView:
    """Every proof; with the channels' bills of the last `bill_days` days unless that is 0."""
    with db.reading() as tx:
        proofs = books.prove(tx)
        trial_balance = books.trial_balance(tx)
    if bill_days:
        proofs += [prove_bills(db, channel, bill_days, now) for channel in channels.values()]
    return AuditView(
        at=now,
        proved=all(proof.holds for proof in proofs),
        proofs=proofs,
        trial_balance=trial_balance,
    )
