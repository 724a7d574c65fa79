"""Where a fund's money goes by bank: kept sealed, shown masked, not usable right after a change.

A second of the same wish finds the same data and changes nothing, so no claim is written: its hash
of the body would let a reader of the database try out account numbers.
"""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.exc import IntegrityError

from services.contracts.settlement import NotYourFund, OwnerKind
from services.contracts.withdrawals import (
    CoolingDown,
    NoPayoutAccount,
    PayoutAccountQuery,
    PayoutAccountView,
    PutPayoutAccount,
)
from services.kernel.actor import Actor
from services.kernel.crypto import Sealer
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.errors import InvariantBroken, Malformed
from services.settlement import locks
from services.settlement.tables_withdrawals import PayoutAccountRow
from services.settlement.use_cases.withdraw_rights import may_view, need_use
from services.settlement.withdrawal_queries import (
    payout_account_id,
    payout_account_row,
    payout_account_view,
)

_FORMULA = "=+-@"
"""A spreadsheet would calculate what begins like this, and the bank file is opened in one."""


@dataclass(frozen=True, slots=True)
class Payee:
    """Where money goes by bank, opened. The number does not show in a log line."""

    holder: str
    bank: str
    number: str = field(repr=False)


def need_sealer(sealer: Sealer | None) -> Sealer:
    """The sealer; without a data key no account number may be kept."""
    if sealer is None:
        raise InvariantBroken("account numbers need a data key (LINLI_DATA_KEYS)")
    return sealer


def put_payout_account(
    db: Database,
    sealer: Sealer,
    command: PutPayoutAccount,
    cooling: timedelta,
    actor: Actor,
    now: datetime,
) -> PayoutAccountView:
    """Keep the bank data: the first are usable at once, changed ones when `cooling` is over."""
    need_use(actor, command.owner_kind, command.owner_id)
    payee = _payee(command)
    with db.transaction() as tx:
        row_id = payout_account_id(command.owner_kind, command.owner_id)
        known = locks.payout_account_for_update(tx, row_id)
        if known is None:
            known = _insert_or_find(tx, sealer, command, payee, actor, now)
        if known is not None and _opened(sealer, known) != payee:
            row = _row(sealer, row_id, payee, actor, now, usable_from=now + cooling)
            tx.execute(
                update(PayoutAccountRow).where(PayoutAccountRow.row_id == row_id).values(**row)
            )
        return payout_account_view(payout_account_row(tx, command.owner_kind, command.owner_id))


def see_payout_account(db: Database, query: PayoutAccountQuery, actor: Actor) -> PayoutAccountView:
    """The bank data, masked, for the owner's people."""
    if not may_view(actor, query.owner_kind, query.owner_id):
        raise NotYourFund()
    with db.reading() as tx:
        return payout_account_view(payout_account_row(tx, query.owner_kind, query.owner_id))


def usable_payee(
    tx: Tx, sealer: Sealer, owner_kind: OwnerKind, owner_id: str, now: datetime
) -> Payee:
    """Where money may go by bank now; NoPayoutAccount, CoolingDown."""
    row = payout_account_row(tx, owner_kind, owner_id)
    if row is None:
        raise NoPayoutAccount()
    if row.usable_from > now:
        raise CoolingDown(fields={"until": row.usable_from.isoformat()})
    return _opened(sealer, row)


def _payee(command: PutPayoutAccount) -> Payee:
    for name in ("holder", "bank"):
        text = getattr(command, name)
        odd = any(unicodedata.category(sign).startswith("C") for sign in text)
        if odd or text.startswith(tuple(_FORMULA)):
            raise Malformed("not a name", fields={name: "odd signs"})
    return Payee(command.holder, command.bank, command.number)


def _insert_or_find(
    tx: Tx,
    sealer: Sealer,
    command: PutPayoutAccount,
    payee: Payee,
    actor: Actor,
    now: datetime,
) -> Row[Any] | None:
    """Insert the first data; what a rival was faster to insert, so that it counts as changed."""
    row_id = payout_account_id(command.owner_kind, command.owner_id)
    row = _row(sealer, row_id, payee, actor, now, usable_from=now)
    owner = {"owner_kind": command.owner_kind, "owner_id": command.owner_id}
    try:
        tx.execute(insert(PayoutAccountRow), row | owner)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return locks.payout_account_for_update(tx, row_id)
    return None


def _row(
    sealer: Sealer, row_id: str, payee: Payee, actor: Actor, now: datetime, *, usable_from: datetime
) -> dict[str, Any]:
    return {
        "row_id": row_id,
        "holder": payee.holder,
        "bank": payee.bank,
        "number_sealed": sealer.seal(payee.number.encode(), row_id),
        "number_tail": payee.number[-4:],
        "usable_from": usable_from,
        "changed_at": now,
        "changed_by_account_id": actor.account_id,
        "changed_by": actor.name[:200],
    }


def _opened(sealer: Sealer, row: Row[Any]) -> Payee:
    return Payee(row.holder, row.bank, sealer.open(row.number_sealed, row.row_id).decode())
