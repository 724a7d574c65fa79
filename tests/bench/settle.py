"""Settlement in bulk: 100,000 completed orders, cut off in the middle once."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, insert, select

from services.contracts.settlement import Channel, EscrowState
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.settlement import ledger
from services.settlement.audit import prove_books
from services.settlement.domain import accounts, postings
from services.settlement.domain.escrows import Parts
from services.settlement.domain.postings import Givers, Held, Source, Till
from services.settlement.tables import EscrowRow
from services.settlement.use_cases.release_order import Terms
from services.settlement.use_cases.settle_due import settle_due
from tests.bench.figures import Figure, say

ORDERS, MERCHANTS, AT_ONCE = 100_000, 500, 1000
KILL_AFTER = 20_000
NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
TILL = Till(Channel.WECHAT, "1900000001")
TERMS = Terms(timedelta(hours=72), NOW)


def run(db: Database) -> list[Figure]:
    """Orders a second; the settling process is killed on the way and another one goes on."""
    say(f"ledger: {ORDERS:,} completed orders")
    _complete(db)
    began = time.monotonic()
    _be_killed(db)
    while settle_due(db, TERMS, batches=10):
        pass
    seconds = time.monotonic() - began
    _prove(db)
    return [
        Figure("ledger", "ledger.settle_rate", ORDERS / seconds, "orders/s", ">= 2000"),
        Figure("ledger", "ledger.settled", _settled(db), "orders", f">= {ORDERS}"),
    ]


def _complete(db: Database) -> None:
    merchants = [new_id() for _ in range(MERCHANTS)]
    with db.transaction() as tx:
        standing = accounts.standing([(TILL.channel, TILL.merchant_number)])
        ledger.open_accounts(tx, standing, NOW)
    for first in range(0, ORDERS, AT_ONCE):
        held = [
            Held(new_id(), merchants[n % MERCHANTS], Parts(channel_fen=1000 + n % 900))
            for n in range(first, first + AT_ONCE)
        ]
        with db.transaction() as tx:
            tx.execute(insert(EscrowRow), [_escrow_row(one) for one in held])
            ledger.post(tx, [_receipt(one) for one in held], NOW)


def _escrow_row(one: Held) -> dict[str, object]:
    return {
        "order_id": one.order_id,
        "payment_id": one.order_id,
        "merchant_id": one.merchant_id,
        "household_id": one.order_id,
        "amount_fen": one.parts.total_fen,
        "channel_fen": one.parts.channel_fen,
        "state": EscrowState.HELD,
        "held_at": NOW,
        "completed_at": NOW,
    }


def _receipt(one: Held) -> postings.Transfer:
    return postings.receipt(Source(TILL, one.order_id, one.order_id), one, Givers(TILL.clearing))


def _be_killed(db: Database) -> None:
    """Another process settles; kill -9 when it is well under way."""
    code = (
        "import sys; from services.kernel.db import Database; from tests.bench import settle;"
        "db = Database(sys.argv[1]);"
        "[None for _ in iter(lambda: settle.settle_due(db, settle.TERMS, batches=10), 0)]"
    )
    process = subprocess.Popen([sys.executable, "-c", code, db.url])
    try:
        while _settled(db) < KILL_AFTER and process.poll() is None:
            time.sleep(0.2)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def _settled(db: Database) -> int:
    released = select(func.count()).where(EscrowRow.state == EscrowState.RELEASED)
    with db.reading() as tx:
        return int(tx.scalar(released))


def _prove(db: Database) -> None:
    """Nothing twice, nothing lost: the audit's own proofs."""
    say("ledger: proving the books")
    wrong = {"transfers", "entries", "balances", "signs", "escrow", "once", "custodians"}
    view = prove_books(db, {}, 0, NOW)
    faults = [proof for proof in view.proofs if proof.name in wrong and not proof.holds]
    if faults:
        raise AssertionError(faults)
