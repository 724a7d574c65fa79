"""What the fee system knows: bills, and the payments that it was told of."""

from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

from deploy.sandbox import clock
from deploy.sandbox.world import World

BILL_FIELDS = (
    "community_id",
    "number",
    "debtor_kind",
    "debtor_id",
    "title",
    "period",
    "amount_fen",
    "due_day",
    "state",
)
_PUT = (
    f"INSERT INTO fee_bills ({', '.join(BILL_FIELDS)}, paid_by, change)"
    f" VALUES ({', '.join('?' for _ in BILL_FIELDS)}, '', ?)"
    " ON CONFLICT (community_id, number) DO UPDATE SET debtor_kind = excluded.debtor_kind,"
    " debtor_id = excluded.debtor_id, title = excluded.title, period = excluded.period,"
    " amount_fen = excluded.amount_fen, due_day = excluded.due_day, state = excluded.state,"
    " change = excluded.change"
)


class NotTaken(Exception):
    """The fee system says no; `bill` is the bill as it stands."""

    def __init__(self, code: str, message: str, bill: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.bill = code, message, bill


@dataclass(frozen=True)
class Told:
    """A payment as Linli tells it."""

    number: str
    community_id: str
    bill_number: str
    amount_fen: int
    way: str
    paid_at: str


def put_bill(world: World, bill: dict[str, Any]) -> dict[str, Any]:
    """A new bill, or a new state of one; it is news for whoever reads the changes."""
    with world.store.transaction() as db:
        db.execute(_PUT, (*(bill[name] for name in BILL_FIELDS), _next_change(db)))
        return bill_json(_bill(db, bill["community_id"], bill["number"]))


def bills_since(world: World, change: int, limit: int) -> tuple[list[dict[str, Any]], int, bool]:
    """The next changed bills, how far that is, and whether there are more."""
    rows = world.store.all(
        "SELECT * FROM fee_bills WHERE change > ? ORDER BY change LIMIT ?", (change, limit + 1)
    )
    page = rows[:limit]
    reached = page[-1]["change"] if page else change
    return [bill_json(row) for row in page], reached, len(rows) > limit


def take_payment(world: World, told: Told) -> dict[str, Any]:
    """Take it, or NotTaken; the same number again is the same payment."""
    trouble = world.knobs.trouble.fees
    with world.store.transaction() as db:
        bill = _bill(db, told.community_id, told.bill_number)
        before = db.execute(
            "SELECT * FROM fee_payments WHERE number = ?", (told.number,)
        ).fetchone()
        if before is not None:
            return _taken_before(db, before, told)
        if bill is None:
            raise NotTaken("UNKNOWN_BILL", "没有这张账单")
        if trouble == "refuse":
            raise NotTaken("REFUSED", "收费系统拒绝入账", bill_json(bill))
        if trouble == "paid_elsewhere" and bill["state"] == "open":
            _set_state(db, bill, "paid", "收费窗口")
            bill = _bill(db, told.community_id, told.bill_number)
        if bill["state"] != "open":
            words = "已在别处缴清" if bill["state"] == "paid" else "账单已撤销"
            raise NotTaken(f"BILL_{bill['state'].upper()}", words, bill_json(bill))
        if bill["amount_fen"] != told.amount_fen:
            raise NotTaken("AMOUNT_CHANGED", "账单金额已变", bill_json(bill))
        _set_state(db, bill, "paid", told.number)
        db.execute(
            "INSERT INTO fee_payments (number, community_id, bill_number, amount_fen, way, paid_at,"
            " state, reason, told_at, times) VALUES (?, ?, ?, ?, ?, ?, 'accepted', '', ?, 1)",
            (*_fields(told), told.way, told.paid_at, clock.now()),
        )
        return {"number": told.number, "state": "accepted"}


def reverse_payment(world: World, number: str, reason: str) -> dict[str, Any]:
    """Undo it: the bill is open again; NotTaken when there is none, or it may not be."""
    with world.store.transaction() as db:
        row = db.execute("SELECT * FROM fee_payments WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise NotTaken("UNKNOWN_PAYMENT", "没有这笔缴费")
        bill = _bill(db, row["community_id"], row["bill_number"])
        if row["state"] == "accepted":
            if world.knobs.trouble.fees == "refuse":
                raise NotTaken("REFUSED", "本月已结账，不能冲正", bill_json(bill))
            db.execute(
                "UPDATE fee_payments SET state = 'reversed', reason = ? WHERE number = ?",
                (reason, number),
            )
            _set_state(db, bill, "open", "")
        bill = _bill(db, row["community_id"], row["bill_number"])
        return {"number": number, "state": "reversed", "bill": bill_json(bill)}


def payments(world: World, limit: int) -> list[dict[str, Any]]:
    """What it was told, newest first."""
    rows = world.store.all("SELECT * FROM fee_payments ORDER BY told_at DESC LIMIT ?", (limit,))
    return [{**dict(row), "told_at": clock.rfc3339(row["told_at"])} for row in rows]


def bills(world: World, limit: int) -> list[dict[str, Any]]:
    """Every bill, the one that changed last first."""
    rows = world.store.all("SELECT * FROM fee_bills ORDER BY change DESC LIMIT ?", (limit,))
    return [{**bill_json(row), "paid_by": row["paid_by"]} for row in rows]


def bill_json(row: Any) -> dict[str, Any]:
    """A bill as the API writes it."""
    return {name: row[name] for name in BILL_FIELDS}


def _fields(told: Told) -> tuple[str, str, str, int]:
    return told.number, told.community_id, told.bill_number, told.amount_fen


def _taken_before(db: Connection, before: Row, told: Told) -> dict[str, Any]:
    known = (before["number"], before["community_id"], before["bill_number"], before["amount_fen"])
    if known != _fields(told):
        raise NotTaken("NUMBER_USED", "这个编号是另一笔缴费的")
    db.execute("UPDATE fee_payments SET times = times + 1 WHERE number = ?", (told.number,))
    return {"number": told.number, "state": before["state"]}


def _bill(db: Connection, community_id: str, number: str) -> Any:
    return db.execute(
        "SELECT * FROM fee_bills WHERE community_id = ? AND number = ?", (community_id, number)
    ).fetchone()


def _set_state(db: Connection, bill: Row, state: str, paid_by: str) -> None:
    db.execute(
        "UPDATE fee_bills SET state = ?, paid_by = ?, change = ?"
        " WHERE community_id = ? AND number = ?",
        (state, paid_by, _next_change(db), bill["community_id"], bill["number"]),
    )


def _next_change(db: Connection) -> int:
    """Grows for ever, also when everything has been forgotten: readers keep their place."""
    last = db.execute("SELECT COALESCE(MAX(change), 0) FROM fee_bills").fetchone()
    return max(int(last[0]) + 1, int(clock.now() * 1000))
