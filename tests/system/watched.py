"""The rows that a drill compares, and an order that is about to be paid."""

import time
from collections import Counter
from typing import Any

from deploy.demo.clients import Person
from tests.support.servers import wait_until
from tests.system.life import Life

WATCHED = {
    "settlement": {
        "account": "account_id, balance_fen",
        "transfer": "transfer_id, kind, reference",
        "entry": "entry_id, account_id, amount_fen",
        "payment": "payment_id, state, paid_at",
        "channel_order": "out_trade_no, state, transaction_id",
        "escrow": "order_id, state, amount_fen",
        "refund": "refund_id, state, version",
        "outbox": "id",
    },
    "orders": {"sales_order": "*", "order_timeline": "*", "outbox": "id"},
    "catalog": {"sku": "sku_id, stock"},
    "marketing": {"wechat_event": "event_id", "follower": "*", "notice_job": "job_id"},
}


class Unpaid:
    """An order that is about to be paid: its payer, and what the channel calls it."""

    def __init__(self, life: Life, number: int = 0) -> None:
        self.resident: Person = life.resident(number)
        placed = life.order(self.resident, number)
        self.order_id = str(placed["orders"][0]["order_id"])
        prepay_id = life.prepay(self.resident, placed["payment_id"])
        self.pay_sheet = {"openid": self.resident.openid, "prepay_id": prepay_id}
        self.amount_fen: int = placed["amount_fen"]
        trades = life.phone.get("trades")["trades"]
        [self.trade_no] = [
            trade["out_trade_no"] for trade in trades if trade["prepay_id"] == prepay_id
        ]


def snapshot(life: Life) -> dict[str, list[Any]]:
    """The rows of money, orders, stock and followers."""
    return {
        f"{service}.{table}": life.rows(service, f"SELECT {columns} FROM {table} ORDER BY 1, 2")
        if "," in columns
        else life.rows(service, f"SELECT {columns} FROM {table} ORDER BY 1")
        for service, tables in WATCHED.items()
        for table, columns in tables.items()
    }


def at_rest(life: Life) -> dict[str, list[Any]]:
    """The snapshot, when nothing of what was begun is still under way."""
    last: list[Any] = [snapshot(life)]

    def same_again() -> bool:
        time.sleep(1)
        last.append(snapshot(life))
        return bool(last[-1] == last[-2])

    wait_until(same_again, 30, "nothing moves any more")
    return dict(last[-1])


def confirm(life: Life, *unpaid: Unpaid) -> None:
    """The payers confirm on their pay sheets."""
    for order in unpaid:
        life.phone.send("POST", "pay", order.pay_sheet)


def becomes_paid(life: Life, *unpaid: Unpaid) -> None:
    """Each order is paid, and its money is held once."""
    for order in unpaid:
        life.reaches(order.resident, order.order_id, "awaiting_confirmation")
        held = "SELECT COUNT(*), SUM(amount_fen) FROM escrow WHERE order_id = "
        assert life.rows("settlement", f"{held}'{order.order_id}'") == [(1, order.amount_fen)]


def notice_about(life: Life, number: str) -> Any:
    [notice] = life.phone.get("notices", subject=number)["notices"]
    return notice


def outcomes(life: Life, number: str) -> Counter[str]:
    """What settlement has on record about a number."""
    record = "SELECT outcome FROM notice WHERE subject = "
    return Counter(row.outcome for row in life.rows("settlement", f"{record}'{number}'"))
