"""`ledger`: posted transfers a second beside raw inserts of the same rows, settlement in bulk,
statements of long accounts, and the reconciliation of a long day.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pymysql
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from deploy.local import servers
from deploy.local.home import current_home
from services.contracts.settlement import Channel
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.migrations import upgrade
from services.settlement import ledger, statement_queries
from services.settlement.domain import accounts
from services.settlement.domain.transfers import Transfer, TransferKind, between
from services.settlement.tables import AccountRow, EntryRow, TransferRow
from tests.bench import reconcile, settle
from tests.bench.figures import Figure, median, say

ROUNDS, SECONDS = 3, 2.0
WORKERS = (1, 8, 16)
BATCH = 100
LONG, SHORT = 1_000_000, 100
PAGES = 60
NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
_ACCOUNT = (
    "INSERT INTO account (account_id, kind, owner, channel, custodian, balance_fen, opened_at)"
    " VALUES (%s, 'household_fund', %s, '', 'property', 100, '2026-03-01')"
)
_TRANSFER = (
    "INSERT INTO transfer (transfer_id, kind, reason, reference, made_by, at)"
    " VALUES (%s, 'unclaimed_receipt', 'bench', %s, '', '2026-03-01')"
)
_ENTRIES = (
    "INSERT INTO entry (transfer_id, account_id, amount_fen, at)"
    " VALUES (%s, %s, -100, '2026-03-01'), (%s, %s, 100, '2026-03-01')"
)


def run() -> list[Figure]:
    """All figures of the ledger."""
    with scratch("linlibench_ledger") as db:
        figures = _rates(db)
    with scratch("linlibench_ledger") as db:
        figures += _statements(db)
    with scratch("linlibench_ledger") as db:
        figures += settle.run(db)
    with scratch("linlibench_ledger") as db:
        figures += reconcile.run(db)
    return figures


@contextmanager
def scratch(name: str) -> Iterator[Database]:
    """A database of settlement's on the running server, for this bench alone."""
    at = make_url(_server_url())
    _administer(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    url = at.set(database=name).render_as_string(hide_password=False)
    upgrade("settlement", url)
    db = Database(url, pool_size=max(WORKERS))
    try:
        yield db
    finally:
        db.dispose()
        _administer(f"DROP DATABASE {name}")


def _server_url() -> str:
    given = os.environ.get("LINLI_DATABASE_URL")
    if given:
        return given
    running = servers.saved(current_home())
    if running is None:
        raise SystemExit("bench: nothing is up; ./linli up first")
    return running.database_url


def _administer(*statements: str) -> None:
    at = make_url(_server_url())
    with (
        pymysql.connect(
            host=at.host, port=at.port or 3306, user=at.username, password=at.password or ""
        ) as admin,
        admin.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


# transfers a second


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of posting: `make` makes a transfer, `at_once` go into one transaction."""

    name: str
    make: Callable[[], Transfer]
    at_once: int = 1


def _hot() -> Transfer:
    return _receipt("0")


def _cold() -> Transfer:
    return _receipt(new_id())


def _receipt(till: str) -> Transfer:
    return Transfer(
        kind=TransferKind.UNCLAIMED_RECEIPT,
        purpose=new_id(),
        entries=between(
            accounts.clearing(Channel.WECHAT, till), accounts.household_fund(new_id()), 100
        ),
        reason="bench",
        reference=new_id(),
    )


HOT, COLD = Kind("hot", _hot), Kind("cold", _cold)
HOT_BATCH, COLD_BATCH = Kind("hot_batch", _hot, BATCH), Kind("cold_batch", _cold, BATCH)


def _rates(db: Database) -> list[Figure]:
    with db.transaction() as tx:
        ledger.open_accounts(tx, [accounts.clearing(Channel.WECHAT, "0")], NOW)
    rates: dict[tuple[str, int], list[float]] = {}
    serial_ratios, hot_ratios = [], []
    for number in range(ROUNDS):
        say(f"ledger: round {number + 1} of {ROUNDS}")
        for workers in WORKERS:
            for kind in (HOT, COLD, HOT_BATCH, COLD_BATCH):
                rates.setdefault((kind.name, workers), []).append(_rate(db, kind, workers))
            rates.setdefault(("raw", workers), []).append(_raw_rate(db, workers))
        last = {key: values[-1] for key, values in rates.items()}
        serial_ratios.append(last["cold", 1] / last["raw", 1])
        hot_ratios += [last["hot", workers] / last["cold", workers] for workers in WORKERS]
    figures = [
        Figure("ledger", f"ledger.{name}_{workers}", median(values), "transfers/s")
        for (name, workers), values in rates.items()
    ]
    return [
        *figures,
        Figure("ledger", "ledger.serial_over_raw", median(serial_ratios), "x", ">= 0.5"),
        Figure("ledger", "ledger.hot_over_cold", median(hot_ratios), "x", ">= 0.8"),
    ]


def _rate(db: Database, kind: Kind, workers: int) -> float:
    def post() -> int:
        transfers = [kind.make() for _ in range(kind.at_once)]
        with db.transaction() as tx:
            ledger.post(tx, transfers, NOW)
        return kind.at_once

    return _per_second(lambda: post, workers)


def _raw_rate(db: Database, workers: int) -> float:
    at = make_url(db.url)

    def connected() -> Callable[[], int]:
        connection = pymysql.connect(
            host=at.host,
            port=at.port or 3306,
            user=at.username,
            password=at.password or "",
            database=at.database,
            init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        )

        def once() -> int:
            transfer_id, account_id = new_id(), new_id()
            with connection.cursor() as cursor:
                cursor.execute(_ACCOUNT, (account_id, new_id()))
                cursor.execute(_TRANSFER, (transfer_id, new_id()))
                cursor.execute(_ENTRIES, (transfer_id, new_id(), transfer_id, account_id))
            connection.commit()
            return 1

        return once

    return _per_second(connected, workers)


def _per_second(worker: Callable[[], Callable[[], int]], workers: int) -> float:
    counts = [0] * workers
    ends_at = time.monotonic() + SECONDS

    def work(number: int) -> None:
        once = worker()
        while time.monotonic() < ends_at:
            counts[number] += once()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


# statements


def _statements(db: Database) -> list[Figure]:
    """A page of a long account against one of a short account, first and deep pages alike."""
    long, short = accounts.household_fund(new_id()), accounts.household_fund(new_id())
    say(f"ledger: an account of {LONG:,} entries")
    for account, entries in ((long, LONG), (short, SHORT)):
        _fill(db, account, entries)
    ratios = []
    for _ in range(ROUNDS):
        ratios.append(_page_s(db, long) / _page_s(db, short))
    return [
        Figure("ledger", "ledger.statement_page_ms", _page_s(db, long) * 1000, "ms"),
        Figure("ledger", "ledger.statement_long_over_short", median(ratios), "x", "<= 2"),
    ]


def _fill(db: Database, account: accounts.Account, entries: int) -> None:
    with db.transaction() as tx:
        tx.execute(insert(AccountRow), _account_row(account, entries))
    for first in range(0, entries, 10_000):
        ids = [new_id() for _ in range(first, min(entries, first + 10_000))]
        with db.transaction() as tx:
            tx.execute(insert(TransferRow), [_transfer_row(one) for one in ids])
            tx.execute(insert(EntryRow), [_entry_row(one, account) for one in ids])


def _account_row(account: accounts.Account, balance_fen: int) -> dict[str, object]:
    return {
        "account_id": account.account_id,
        "kind": account.kind,
        "owner": account.owner,
        "channel": "",
        "custodian": account.custodian,
        "balance_fen": balance_fen,
        "opened_at": NOW,
    }


def _transfer_row(transfer_id: str) -> dict[str, object]:
    return {
        "transfer_id": transfer_id,
        "kind": TransferKind.REFUND_TO_FUND,
        "reason": "",
        "order_id": None,
        "payment_id": None,
        "refund_id": None,
        "reference": None,
        "made_by": "",
        "corrects": None,
        "at": NOW,
    }


def _entry_row(transfer_id: str, account: accounts.Account) -> dict[str, object]:
    return {
        "transfer_id": transfer_id,
        "account_id": account.account_id,
        "amount_fen": 1,
        "at": NOW,
    }


def _page_s(db: Database, account: accounts.Account) -> float:
    """Seconds of one page, over first pages and the ones behind them."""
    began, after = time.monotonic(), None
    for _ in range(PAGES):
        with db.reading() as tx:
            page = statement_queries.statement(tx, account.account_id, after, 20)
        after = page.next_after
    return (time.monotonic() - began) / PAGES
