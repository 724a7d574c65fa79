"""The row of a channel's day: who is at it, how far it is, and what it comes to.

One run at a time is at a day. It holds the row by a token and a time that it moves on with each
batch; a run that was killed loses it when the time is over, and the next one goes on from there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, insert, or_, select, update

from services.contracts.reconciliation import DayState, DifferenceAction, DifferenceKind
from services.contracts.settlement import RefundState
from services.kernel.db import Database, Tx
from services.kernel.ids import derived_id, new_id
from services.settlement.domain.postings import Till
from services.settlement.reconciliation.classify import Finding
from services.settlement.tables_reconciliation import (
    BillLineRow,
    DifferenceRow,
    ReconciliationDayRow,
)

DONE_PERCENT = 100
RUN_LEASE = timedelta(minutes=1)
"""A run that has not moved on for so long is dead."""

Day = ReconciliationDayRow
_OPEN = insert(Day).prefix_with("IGNORE")
_FIND = select(Day.__table__).where(Day.day_id == bindparam("this_day"))
_TAKE = (
    update(Day)
    .where(
        Day.day_id == bindparam("this_day"),
        Day.state != DayState.CLOSED,
        or_(Day.run_until.is_(None), Day.run_until <= bindparam("now")),
    )
    .values(state=DayState.MATCHING, run_by=bindparam("token"), run_until=bindparam("until"))
)
_MINE = (Day.day_id == bindparam("this_day")) & (Day.run_by == bindparam("token"))
_RESTART = (
    update(Day)
    .where(_MINE)
    .values(run_count=Day.run_count + 1, staged=0, matched_through="", progress=0)
)
_LET_GO = (
    update(Day)
    .where(_MINE)
    .values(
        run_by=None,
        run_until=None,
        state=bindparam("new_state"),
        next_try_at=bindparam("next_at"),
        note=bindparam("said"),
    )
)
_RESOLUTION = select(DifferenceRow.resolved, DifferenceRow.gap_fen).where(
    DifferenceRow.difference_id == bindparam("this_one")
)
_INSERT_DIFFERENCE = insert(DifferenceRow).prefix_with("IGNORE")
_DROP_OPEN = delete(DifferenceRow).where(
    DifferenceRow.day_id == bindparam("this_day"), DifferenceRow.resolved.is_(None)
)
_EFFECT = case(
    (BillLineRow.is_refund == 0, BillLineRow.amount_fen),
    (BillLineRow.refund_state == RefundState.DONE, -BillLineRow.amount_fen),
    else_=0,
)
_BILL_SUMS = select(
    func.count().label("line_count"),
    func.coalesce(func.sum(_EFFECT), 0).label("their_fen"),
    func.coalesce(func.sum(BillLineRow.fee_fen), 0).label("fee_fen"),
).where(BillLineRow.day_id == bindparam("this_day"))
_ON_BILL = case((DifferenceRow.kind != DifferenceKind.ONLY_OURS, DifferenceRow.reference))
_DIFFERENCE_SUMS = select(
    func.count().label("difference_count"),
    func.count(case((DifferenceRow.resolved.is_(None), 1))).label("open_count"),
    func.coalesce(func.sum(DifferenceRow.gap_fen), 0).label("gap_fen"),
    func.count(func.distinct(_ON_BILL)).label("lines_apart"),
).where(DifferenceRow.day_id == bindparam("this_day"))
_SUM_UP = (
    update(Day)
    .where(Day.day_id == bindparam("this_day"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "line_count",
                "matched_count",
                "their_fen",
                "our_fen",
                "fee_fen",
                "difference_count",
                "open_count",
                "state",
            )
        }
    )
)
_DONE = (
    update(Day)
    .where(_MINE)
    .values(run_by=None, run_until=None, next_try_at=None, progress=DONE_PERCENT, note="")
)


class TakenOver(Exception):
    """Another run is at this day: this one was away for too long."""


def day_id_of(till: Till, day: date) -> str:
    """The same for the same day of the same merchant number."""
    return derived_id("reconciliation", till.channel, till.merchant_number, day.isoformat())


def open_days(tx: Tx, till: Till, wanted: Iterable[date], now: datetime) -> None:
    """Make sure that these days have their rows."""
    rows = [
        {
            "day_id": day_id_of(till, day),
            "channel": till.channel,
            "merchant_number": till.merchant_number,
            "day": day,
            "state": DayState.WAITING,
            "next_try_at": now,
            "made_at": now,
            **_NOTHING_YET,
        }
        for day in wanted
    ]
    if rows:
        tx.execute(_OPEN, rows)


_NOTHING_YET: dict[str, object] = dict.fromkeys(
    (
        "line_count",
        "matched_count",
        "their_fen",
        "our_fen",
        "fee_fen",
        "difference_count",
        "open_count",
        "progress",
        "run_count",
        "staged",
    ),
    0,
) | {"matched_through": "", "note": "", "closed_by": ""}


def find(tx: Tx, day_id: str) -> Row[Any] | None:
    """The day's row, or None."""
    return tx.first(_FIND, {"this_day": day_id})


@dataclass(frozen=True, slots=True)
class Run:
    """A run that holds a day; every step of it raises TakenOver when it holds it no more."""

    db: Database
    day_id: str
    token: str
    clock: Callable[[], datetime]

    def keep(self, tx: Tx, **progress: object) -> None:
        """Note how far it is and hold the day for another while, in the caller's transaction."""
        values: dict[str, Any] = {"run_until": self.clock() + RUN_LEASE, **progress}
        held = tx.execute(update(Day).where(_MINE).values(values), self._mine)
        if held.rowcount != 1:
            raise TakenOver()

    def restart(self, tx: Tx) -> int:
        """Begin with a new bill; its number."""
        if tx.execute(_RESTART, self._mine).rowcount != 1:
            raise TakenOver()
        row = find(tx, self.day_id)
        assert row is not None
        return int(row.run_count)

    def let_go(self, state: DayState, next_try_at: datetime, note: str = "") -> None:
        """Somebody, or the same job, goes on later."""
        told = {"new_state": state, "next_at": next_try_at, "said": note[:200]}
        with self.db.transaction() as tx:
            tx.execute(_LET_GO, {**self._mine, **told})

    def give_up(self, next_try_at: datetime, note: str) -> None:
        """The bill does not come: try later; what an earlier run has matched stands meanwhile."""
        with self.db.transaction() as tx:
            row = find(tx, self.day_id)
            if row is not None and row.staged and row.progress == DONE_PERCENT:
                self.finish(tx)
                return
        self.let_go(DayState.WAITING, next_try_at, note)

    def finish(self, tx: Tx) -> None:
        """All lines are matched: OPEN or READY, by what was found."""
        self.keep(tx)
        sum_up(tx, self.day_id)
        tx.execute(_DONE, self._mine)

    @property
    def _mine(self) -> dict[str, Any]:
        return {"this_day": self.day_id, "token": self.token}


def take(db: Database, day_id: str, clock: Callable[[], datetime]) -> Run | None:
    """Hold a day that is not closed and at which nobody else is; else None."""
    token, now = new_id(), clock()
    asked = {"this_day": day_id, "token": token, "now": now, "until": now + RUN_LEASE}
    with db.transaction() as tx:
        taken = tx.execute(_TAKE, asked).rowcount == 1
    return Run(db, day_id, token, clock) if taken else None


# differences


def difference_id_of(day_id: str, reference: str, kind: DifferenceKind) -> str:
    """The same for the same fault, so that what was resolved is not asked again."""
    return derived_id("difference", day_id, reference, kind)


def forget_open(tx: Tx, day_id: str) -> None:
    """Before lines are matched anew; what was resolved stays."""
    tx.execute(_DROP_OPEN, {"this_day": day_id})


def note_differences(tx: Tx, day_id: str, found: Iterable[Finding], now: datetime) -> None:
    """Keep what was found; what is there already stays as it is."""
    rows = [
        {
            "difference_id": difference_id_of(day_id, finding.reference, finding.kind),
            "day_id": day_id,
            "kind": finding.kind,
            "reference": finding.reference,
            "is_refund": int(finding.is_refund),
            "order_id": finding.order_id,
            "their_fen": finding.their_fen,
            "our_fen": finding.our_fen,
            "gap_fen": finding.gap_fen,
            "booked_fen": 0,
            "words": finding.words,
            "found_at": now,
            "resolution": "",
            "resolved_by": "",
        }
        for finding in found
    ]
    if rows:
        tx.execute(_INSERT_DIFFERENCE, rows)


def is_resolved(tx: Tx, day_id: str, found: Finding) -> bool:
    """True when a person has resolved this very difference, and it is no greater since."""
    difference_id = difference_id_of(day_id, found.reference, found.kind)
    row = tx.first(_RESOLUTION, {"this_one": difference_id})
    if row is None or row.resolved is None:
        return False
    return bool(row.resolved == DifferenceAction.CARRY_OVER or row.gap_fen == found.gap_fen)


def sum_up(tx: Tx, day_id: str) -> None:
    """Bring the day's sums and state in line with its lines and differences."""
    bill = tx.first(_BILL_SUMS, {"this_day": day_id})
    apart = tx.first(_DIFFERENCE_SUMS, {"this_day": day_id})
    assert bill is not None
    assert apart is not None
    their_fen = int(bill.their_fen)
    tx.execute(
        _SUM_UP,
        {
            "this_day": day_id,
            "new_line_count": bill.line_count,
            "new_matched_count": bill.line_count - apart.lines_apart,
            "new_their_fen": their_fen,
            "new_our_fen": their_fen - int(apart.gap_fen),
            "new_fee_fen": int(bill.fee_fen),
            "new_difference_count": apart.difference_count,
            "new_open_count": apart.open_count,
            "new_state": DayState.OPEN if apart.open_count else DayState.READY,
        },
    )
