"""Trades and refunds at Alipay and UnionPay: what the sandbox keeps of them, in one shape.

A trade is OFFERED (a code that nobody has scanned yet), WAIT, PAID or CLOSED; a refund is
PROCESSING, SUCCESS or FAILED.
"""

import secrets
from dataclasses import dataclass
from sqlite3 import Connection, Row

from deploy.sandbox import clock
from deploy.sandbox.pay import Unpayable
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

ALIPAY, UNIONPAY = "alipay", "unionpay"


class Different(Exception):
    """The same number was used before, for something else."""


class TooMuch(Exception):
    """More would go back than was paid."""


@dataclass(frozen=True)
class Wanted:
    """A trade as the merchant asks for it."""

    channel: str
    out_trade_no: str
    subject: str
    total_fen: int
    notify_url: str
    return_url: str
    expires_at: float
    asked_at: str = ""
    """`txnTime`: with UnionPay a part of the trade's name."""
    state: str = "WAIT"


@dataclass(frozen=True)
class RefundWish:
    """A refund as the merchant asks for it."""

    channel: str
    out_refund_no: str
    out_trade_no: str
    amount_fen: int
    notify_url: str
    status: str
    ends_as: str = "SUCCESS"
    asked_at: str = ""


def open_trade(world: World, wanted: Wanted) -> Row:
    """A new trade, or the same one for the same request again; Different otherwise."""
    with world.store.transaction() as db:
        row = _trade(db, wanted.channel, wanted.out_trade_no)
        if row is None:
            return _insert_trade(db, wanted)
        if row["total_fen"] != wanted.total_fen or row["asked_at"] != wanted.asked_at:
            raise Different(wanted.out_trade_no)
        if row["state"] == "OFFERED" and wanted.state == "WAIT":
            _set_state(db, row, "WAIT")
        return _known(db, wanted.channel, wanted.out_trade_no)


def trade_of(world: World, channel: str, out_trade_no: str) -> Row | None:
    """The trade by the merchant's number, or nothing."""
    sql = "SELECT * FROM channel_trades WHERE channel = ? AND out_trade_no = ?"
    return world.store.one(sql, (channel, out_trade_no))


def trade_by_number(world: World, channel: str, trade_no: str) -> Row | None:
    """The trade by the channel's number, or nothing."""
    sql = "SELECT * FROM channel_trades WHERE channel = ? AND trade_no = ?"
    return world.store.one(sql, (channel, trade_no))


def refund_of(world: World, channel: str, out_refund_no: str) -> Row | None:
    """The refund by the merchant's number, or nothing."""
    sql = "SELECT * FROM channel_refunds WHERE channel = ? AND out_refund_no = ?"
    return world.store.one(sql, (channel, out_refund_no))


def state_of(trade: Row) -> str:
    """The state now: what is not paid in time closes by itself."""
    if trade["state"] in ("OFFERED", "WAIT") and clock.now() > trade["expires_at"]:
        return "CLOSED"
    return str(trade["state"])


def scan(world: World, trade: Row) -> Row:
    """The payer has opened the code: the trade exists from now on."""
    if trade["state"] == "OFFERED":
        with world.store.transaction() as db:
            _set_state(db, trade, "WAIT")
    return _kept(world, trade["channel"], trade["out_trade_no"])


def check_payable(world: World, trade: Row) -> None:
    """Raise Unpayable for a paid, closed or expired trade."""
    if trade["paid_at"] is not None:
        raise Unpayable("paid", "订单已支付，请勿重复支付")
    if state_of(trade) == "CLOSED" and not world.knobs.trouble.pay_after_close:
        raise Unpayable("closed", "订单已关闭或已过期")


def pay(world: World, trade: Row, event_type: str) -> Row:
    """The payer confirms: the money moves, the notice goes out. Unpayable when it cannot."""
    channel, number = trade["channel"], trade["out_trade_no"]
    with world.store.transaction() as db:
        check_payable(world, _known(db, channel, number))
        db.execute(
            "UPDATE channel_trades SET state = 'PAID', paid_at = ?"
            " WHERE channel = ? AND out_trade_no = ?",
            (clock.now(), channel, number),
        )
        notice_id = world.notices.announce(db, event_type, number, trade["notify_url"])
    world.notices.start(notice_id)
    return _kept(world, channel, number)


def close(world: World, trade: Row) -> None:
    """Take no more money for an unpaid trade."""
    with world.store.transaction() as db:
        db.execute(
            "UPDATE channel_trades SET state = 'CLOSED', closed_at = ?"
            " WHERE channel = ? AND out_trade_no = ? AND paid_at IS NULL",
            (clock.now(), trade["channel"], trade["out_trade_no"]),
        )


def open_refund(world: World, wish: RefundWish) -> tuple[Row, bool]:
    """The refund, and whether it is new; TooMuch, or Different for another under its number."""
    with world.store.transaction() as db:
        trade = _known(db, wish.channel, wish.out_trade_no)
        refund = _refund(db, wish.channel, wish.out_refund_no)
        if refund is not None:
            if refund["amount_fen"] != wish.amount_fen:
                raise Different(wish.out_refund_no)
            return refund, False
        if trade["paid_at"] is None:
            raise Different(wish.out_trade_no)
        if trade["refunded_fen"] + wish.amount_fen > trade["total_fen"]:
            raise TooMuch(wish.out_trade_no)
        _insert_refund(db, wish)
        return _refund(db, wish.channel, wish.out_refund_no), True


def finish_refund(world: World, channel: str, out_refund_no: str, event_type: str) -> None:
    """Bring a refund in PROCESSING to its end and announce it."""
    with world.store.transaction() as db:
        refund = _refund(db, channel, out_refund_no)
        if refund is None or refund["status"] != "PROCESSING":
            return
        done = refund["ends_as"] == "SUCCESS"
        db.execute(
            "UPDATE channel_refunds SET status = ends_as, success_at = ?"
            " WHERE channel = ? AND out_refund_no = ?",
            (clock.now() if done else None, channel, out_refund_no),
        )
        if not done:  # what could not be given back may be asked for again
            _count(db, refund, -refund["amount_fen"])
        notice_id = world.notices.announce(db, event_type, out_refund_no, refund["notify_url"])
    world.notices.start(notice_id)


def refunds_under_way(world: World, channel: str) -> list[str]:
    """Numbers of refunds that a former process left in PROCESSING."""
    rows = world.store.all(
        "SELECT out_refund_no FROM channel_refunds WHERE channel = ? AND status = 'PROCESSING'",
        (channel,),
    )
    return [row["out_refund_no"] for row in rows]


def paid_between(world: World, channel: str, first: float, end: float) -> list[Row]:
    """Trades paid in a span of time."""
    return world.store.all(
        "SELECT * FROM channel_trades WHERE channel = ? AND paid_at >= ? AND paid_at < ?",
        (channel, first, end),
    )


def refunds_between(world: World, channel: str, first: float, end: float) -> list[Row]:
    """Refunds done in a span of time, with the trade's number and subject."""
    return world.store.all(
        "SELECT r.*, t.trade_no, t.subject FROM channel_refunds r JOIN channel_trades t"
        " ON t.channel = r.channel AND t.out_trade_no = r.out_trade_no"
        " WHERE r.channel = ? AND r.success_at >= ? AND r.success_at < ?",
        (channel, first, end),
    )


def _trade(db: Connection, channel: str, out_trade_no: str) -> Row | None:
    row: Row | None = db.execute(
        "SELECT * FROM channel_trades WHERE channel = ? AND out_trade_no = ?",
        (channel, out_trade_no),
    ).fetchone()
    return row


def _known(db: Connection, channel: str, out_trade_no: str) -> Row:
    row = _trade(db, channel, out_trade_no)
    if row is None:
        raise NotKept(out_trade_no)
    return row


def _kept(world: World, channel: str, out_trade_no: str) -> Row:
    row = trade_of(world, channel, out_trade_no)
    if row is None:
        raise NotKept(out_trade_no)
    return row


def _insert_trade(db: Connection, wanted: Wanted) -> Row:
    now = clock.now()
    db.execute(
        "INSERT INTO channel_trades (channel, out_trade_no, trade_no, subject, notify_url,"
        " return_url, total_fen, state, asked_at, expires_at, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(wanted.channel, wanted.out_trade_no, new_number(), wanted.subject),
            *(wanted.notify_url, wanted.return_url, wanted.total_fen, wanted.state),
            *(wanted.asked_at, wanted.expires_at, now),
        ),
    )
    return _known(db, wanted.channel, wanted.out_trade_no)


def _set_state(db: Connection, trade: Row, state: str) -> None:
    db.execute(
        "UPDATE channel_trades SET state = ? WHERE channel = ? AND out_trade_no = ?",
        (state, trade["channel"], trade["out_trade_no"]),
    )


def _refund(db: Connection, channel: str, out_refund_no: str) -> Row:
    row: Row = db.execute(
        "SELECT * FROM channel_refunds WHERE channel = ? AND out_refund_no = ?",
        (channel, out_refund_no),
    ).fetchone()
    return row


def _insert_refund(db: Connection, wish: RefundWish) -> None:
    now = clock.now()
    db.execute(
        "INSERT INTO channel_refunds (channel, out_refund_no, refund_no, out_trade_no, amount_fen,"
        " notify_url, status, ends_as, asked_at, created_at, success_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(wish.channel, wish.out_refund_no, new_number(), wish.out_trade_no, wish.amount_fen),
            *(wish.notify_url, wish.status, wish.ends_as, wish.asked_at, now),
            now if wish.status == "SUCCESS" else None,
        ),
    )
    refund = _refund(db, wish.channel, wish.out_refund_no)
    _count(db, refund, wish.amount_fen)


def _count(db: Connection, refund: Row, amount_fen: int) -> None:
    db.execute(
        "UPDATE channel_trades SET refunded_fen = refunded_fen + ?"
        " WHERE channel = ? AND out_trade_no = ?",
        (amount_fen, refund["channel"], refund["out_trade_no"]),
    )


def new_number() -> str:
    """A channel's own number: 21 digits, the first 14 of them the time."""
    stamp = clock.bill_time(clock.now()).translate(_DIGITS_ONLY)
    return f"{stamp}{secrets.randbelow(10**7):07d}"


_DIGITS_ONLY = str.maketrans("", "", "-: ")
