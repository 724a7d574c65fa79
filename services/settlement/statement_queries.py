"""A fund's statement, page by page."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from services.contracts.settlement import StatementLine
from services.kernel.db import Tx
from services.kernel.errors import Malformed
from services.settlement.money_queries import balance_fen
from services.settlement.tables import AccountRow, EntryRow, TransferRow


@dataclass(frozen=True, slots=True)
class Statement:
    """One page of an account's entries, newest first, with the balance after each."""

    balance_fen: int
    lines: list[StatementLine]
    next_after: str | None


def statement(tx: Tx, account_id: str, after: str | None, limit: int) -> Statement:
    """The page behind `after`; its cost does not grow with the account or with the page's depth.

    The cursor carries the balance at its entry, so that nothing has to be summed again.
    """
    cursor = _cursor(after)
    rows = _entries_with_balance(tx, account_id, cursor[0] if cursor else None, limit + 1)
    if not rows:
        return Statement(balance_fen(tx, account_id), [], None)
    now_fen = int(rows[0].now_fen)
    running_fen = cursor[1] if cursor else now_fen
    lines: list[StatementLine] = []
    for row in rows[:limit]:
        lines.append(
            StatementLine(
                at=row.at,
                amount_fen=row.amount_fen,
                balance_fen=running_fen,
                reason=row.kind,
                order_id=row.order_id,
                transfer_id=row.transfer_id,
            )
        )
        running_fen -= row.amount_fen
    more = len(rows) > limit
    return Statement(now_fen, lines, f"{rows[limit - 1].entry_id}.{running_fen}" if more else None)


def _cursor(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    entry_id, _, running_fen = after.partition(".")
    try:
        return int(entry_id), int(running_fen)
    except ValueError:
        raise Malformed("not a place in a statement", fields={"after": "unknown"}) from None


def _entries_with_balance(
    tx: Tx, account_id: str, before: int | None, limit: int
) -> list[Row[Any]]:
    # One statement: entries and balance are of the same moment.
    query = (
        select(
            EntryRow.entry_id,
            EntryRow.at,
            EntryRow.amount_fen,
            EntryRow.transfer_id,
            TransferRow.kind,
            TransferRow.order_id,
            AccountRow.balance_fen.label("now_fen"),
        )
        .join(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
        .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
        .where(EntryRow.account_id == account_id)
        .order_by(EntryRow.entry_id.desc())
        .limit(limit)
    )
    return tx.all(query if before is None else query.where(EntryRow.entry_id < before))
