"""Holds: place one, and resolve it once; a second try gets HoldOver, which names the state.

Nothing else writes to `hold`.
"""

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from services.contracts.settlement import HoldOver, TooMuch
from services.kernel.db import Tx
from services.settlement import ledger
from services.settlement.domain.accounts import Account, AccountKind, Custodian
from services.settlement.domain.holds import Hold, HoldState
from services.settlement.domain.transfers import Transfer
from services.settlement.tables import HoldRow

_INSERT = insert(HoldRow)
_RESOLVE = (
    update(HoldRow)
    .where(
        HoldRow.hold_id == bindparam("hold"),
        HoldRow.state == HoldState.HELD,
        HoldRow.amount_fen >= bindparam("taken"),
    )
    .values(state=bindparam("to_state"), posted_fen=bindparam("taken"), resolved_at=bindparam("at"))
)
_FIND = select(HoldRow.__table__).where(HoldRow.hold_id == bindparam("hold"))


def place(tx: Tx, hold: Hold, now: datetime) -> None:
    """Set the money aside: InsufficientFunds; AlreadyPosted for a second hold of this id."""
    ledger.post(tx, [hold.placed()], now)
    tx.execute(
        _INSERT,
        {
            "hold_id": hold.hold_id,
            "source_kind": hold.source.kind,
            "source_owner": hold.source.owner,
            "source_custodian": hold.source.custodian,
            "amount_fen": hold.amount_fen,
            "posted_fen": 0,
            "state": HoldState.HELD,
            "purpose": hold.purpose,
            "placed_at": now,
        },
    )


def resolve(tx: Tx, hold_id: str, taken_fen: int, now: datetime) -> list[Transfer]:
    """Resolve the hold with so much taken of it (0: voided); what must be posted for the rest.

    The caller posts these together with its own transfers out of `accounts.hold(hold_id)`.
    HoldOver when it was resolved before, TooMuch when it is smaller.
    """
    to_state = HoldState.POSTED if taken_fen else HoldState.VOIDED
    done = tx.execute(
        _RESOLVE, {"hold": hold_id, "taken": taken_fen, "to_state": to_state, "at": now}
    ).rowcount
    row = tx.first(_FIND, {"hold": hold_id})
    if row is None:
        raise HoldOver("there is no such hold", fields={"state": "unknown"})
    if not done:
        if row.state == HoldState.HELD:
            raise TooMuch("more than is held", fields={"left_fen": str(row.amount_fen)})
        raise HoldOver(f"the hold is {row.state}", fields={"state": row.state})
    source = Account(
        AccountKind(row.source_kind), row.source_owner, custodian=Custodian(row.source_custodian)
    )
    return Hold(hold_id, source, row.amount_fen, row.purpose).given_back(taken_fen)


def void(tx: Tx, hold_id: str, now: datetime) -> None:
    """Give all of it back."""
    ledger.post(tx, resolve(tx, hold_id, 0, now), now)
