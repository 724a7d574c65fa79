"""Frozen money on record: shares, unfreezings and returns, and how they end.

Sources: as in sharing.py. Money that a share does not name is the shop's once it is unfrozen; it
stands among the receivers then, as WeChat Pay lists it.
"""

import secrets
from sqlite3 import Connection, Row

from deploy.sandbox import clock, partners
from deploy.sandbox.merchant_api import PayError, invalid_request
from deploy.sandbox.sharing_rules import Wanted, WantedReturn
from deploy.sandbox.world import World

NOT_BEFORE_S = 30
RATE_MAX_PERCENT = 30
FAIL_REASONS = {"closed": "ACCOUNT_ABNORMAL", "failed": "PAYER_ACCOUNT_ABNORMAL"}


class NothingShared(LookupError):
    """No such share or return is on record."""


def not_there() -> PayError:
    """404 RESOURCE_NOT_EXISTS."""
    return PayError(404, "RESOURCE_NOT_EXISTS", "记录不存在")


def trade_by_transaction(db: Connection, transaction_id: str) -> Row:
    """The paid trade, or PayError."""
    trade: Row | None = db.execute(
        "SELECT * FROM trades WHERE transaction_id = ?", (transaction_id,)
    ).fetchone()
    if trade is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    return trade


def open_share(world: World, wanted: Wanted) -> Row:
    """The share in PROCESSING, or the same for the same request again; PayError for a refusal."""
    with world.store.transaction() as db:
        share: Row | None = db.execute(
            "SELECT * FROM shares WHERE sub_mchid = ? AND out_order_no = ?",
            (wanted.sub_mchid, wanted.out_order_no),
        ).fetchone()
        if share is None:
            _check_share(world, db, wanted)
            share = _insert_share(db, wanted)
            order_id, ends_as = share["order_id"], world.knobs.trouble.shares
            world.timers.after(
                world.knobs.settings.share_delay_s, lambda: finish_share(world, order_id, ends_as)
            )
        elif share["asked"] != wanted.asked:
            raise invalid_request("分账单号已存在，但请求参数与之前不一致")
    return share


def finish_share(world: World, order_id: str, ends_as: str) -> None:
    """Bring a share in PROCESSING to its end."""
    now = clock.now()
    with world.store.transaction() as db:
        share = db.execute(
            "SELECT * FROM shares WHERE order_id = ? AND state = 'PROCESSING'", (order_id,)
        ).fetchone()
        if share is None:
            return
        result, reason = ("SUCCESS", None) if ends_as == "ok" else ("CLOSED", FAIL_REASONS[ends_as])
        db.execute(
            "UPDATE share_parts SET result = ?, fail_reason = ?, finished_at = ?"
            " WHERE order_id = ?",
            (result, reason, now, order_id),
        )
        if share["unfreeze"] and (result == "SUCCESS" or not _has_parts(db, order_id)):
            _unfreeze(db, share, now)
        db.execute("UPDATE shares SET state = 'FINISHED' WHERE order_id = ?", (order_id,))


def open_return(world: World, wanted: WantedReturn) -> tuple[Row, Row]:
    """The return and its share: a new one in PROCESSING, or the same again."""
    with world.store.transaction() as db:
        share = _share_of(db, wanted.sub_mchid, wanted.out_order_no)
        if share is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
        back: Row | None = db.execute(
            "SELECT * FROM share_returns WHERE order_id = ? AND out_return_no = ?",
            (share["order_id"], wanted.out_return_no),
        ).fetchone()
        if back is None:
            _check_return(db, share, wanted)
            back = _insert_return(db, share, wanted)
            return_id, ends_as = back["return_id"], world.knobs.trouble.returns
            world.timers.after(
                world.knobs.settings.share_delay_s, lambda: finish_return(world, return_id, ends_as)
            )
        elif back["amount_fen"] != wanted.amount_fen:
            raise invalid_request("回退单号已存在，但请求参数与之前不一致")
    return back, share


def finish_return(world: World, return_id: str, ends_as: str) -> None:
    """Bring a return in PROCESSING to its end."""
    result, reason = ("SUCCESS", None) if ends_as == "ok" else ("FAILED", FAIL_REASONS[ends_as])
    world.store.run(
        "UPDATE share_returns SET result = ?, fail_reason = ?, finished_at = ?"
        " WHERE return_id = ? AND result = 'PROCESSING'",
        (result, reason, clock.now(), return_id),
    )


def return_of(
    world: World, sub_mchid: str, out_order_no: str, out_return_no: str
) -> tuple[Row, Row]:
    """The return and its share, or NothingShared."""
    with world.store.transaction() as db:
        share = _share_of(db, sub_mchid, out_order_no)
        back = (
            share
            and db.execute(
                "SELECT * FROM share_returns WHERE order_id = ? AND out_return_no = ?",
                (share["order_id"], out_return_no),
            ).fetchone()
        )
    if share is None or back is None:
        raise NothingShared(out_return_no)
    return back, share


def resume(world: World) -> None:
    """Bring to their end what a former process left in PROCESSING."""
    for row in world.store.all("SELECT order_id FROM shares WHERE state = 'PROCESSING'"):
        finish_share(world, row["order_id"], "ok")
    for row in world.store.all("SELECT return_id FROM share_returns WHERE result = 'PROCESSING'"):
        finish_return(world, row["return_id"], "ok")


def _share_of(db: Connection, sub_mchid: str, out_order_no: str) -> Row | None:
    found: Row | None = db.execute(
        "SELECT * FROM shares WHERE sub_mchid = ? AND out_order_no = ?", (sub_mchid, out_order_no)
    ).fetchone()
    return found


def _check_share(world: World, db: Connection, wanted: Wanted) -> None:
    """Every rule about the payment and what is frozen of it."""
    trade = trade_by_transaction(db, wanted.transaction_id)
    if trade["sub_mchid"] != wanted.sub_mchid:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    age_s = clock.now() - trade["paid_at"]
    if age_s < NOT_BEFORE_S / max(world.knobs.settings.speed_up, 0.001):
        raise invalid_request("交易支付成功30秒内不允许分账，请稍后再试")
    if age_s > partners.FROZEN_AT_MOST_S:
        raise invalid_request("订单支付成功已超过180天，不能分账")
    if not partners.is_frozen(trade):
        raise invalid_request("非分账订单，或订单已分账完结")
    if _runs(db, trade):
        raise invalid_request("订单处理中，请稍后再试")
    _check_amounts(db, trade, wanted)


def _check_amounts(db: Connection, trade: Row, wanted: Wanted) -> None:
    for account, _, _ in wanted.parts:
        known = db.execute(
            "SELECT 1 FROM share_receivers WHERE sub_mchid = ? AND account = ?",
            (wanted.sub_mchid, account),
        ).fetchone()
        if known is None:
            raise PayError(403, "NO_AUTH", "分账接收方与分账方的关系不存在，请先添加分账接收方")
    share_fen = sum(fen for _, fen, _ in wanted.parts)
    if share_fen > partners.left_fen(db, trade):
        raise PayError(403, "NOT_ENOUGH", "分账金额不足")
    if (share_fen + partners.shared_fen(db, trade)) * 100 > trade["total_fen"] * RATE_MAX_PERCENT:
        raise PayError(403, "RULE_LIMIT", "分账金额超过最大分账比例")


def _runs(db: Connection, trade: Row) -> bool:
    return bool(
        db.execute(
            "SELECT 1 FROM shares WHERE out_trade_no = ? AND state = 'PROCESSING'",
            (trade["out_trade_no"],),
        ).fetchone()
    )


def _insert_share(db: Connection, wanted: Wanted) -> Row:
    now, order_id = clock.now(), f"30000{secrets.randbelow(10**23):023d}"
    trade = trade_by_transaction(db, wanted.transaction_id)
    db.execute(
        "INSERT INTO shares (out_order_no, sub_mchid, order_id, out_trade_no, asked, unfreeze,"
        " state, created_at) VALUES (?, ?, ?, ?, ?, ?, 'PROCESSING', ?)",
        (
            *(wanted.out_order_no, wanted.sub_mchid, order_id, trade["out_trade_no"]),
            *(wanted.asked, int(wanted.unfreeze), now),
        ),
    )
    for account, fen, description in wanted.parts:
        _insert_part(db, order_id, account, fen, description, "PENDING", now)
    share: Row = db.execute("SELECT * FROM shares WHERE order_id = ?", (order_id,)).fetchone()
    return share


def _insert_part(
    db: Connection,
    order_id: str,
    account: str,
    fen: int,
    description: str,
    result: str,
    now: float,
) -> None:
    finished_at = now if result == "SUCCESS" else None
    db.execute(
        "INSERT INTO share_parts (detail_id, order_id, account, amount_fen, description, result,"
        " created_at, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(f"36011{secrets.randbelow(10**23):023d}", order_id, account, fen, description),
            *(result, now, finished_at),
        ),
    )


def _has_parts(db: Connection, order_id: str) -> bool:
    return bool(db.execute("SELECT 1 FROM share_parts WHERE order_id = ?", (order_id,)).fetchone())


def _unfreeze(db: Connection, share: Row, now: float) -> None:
    """The rest is the shop's from now on."""
    trade = db.execute(
        "SELECT * FROM trades WHERE out_trade_no = ?", (share["out_trade_no"],)
    ).fetchone()
    if rest_fen := partners.left_fen(db, trade):
        words = "解冻给分账方"
        args = (share["order_id"], share["sub_mchid"], rest_fen, words, "SUCCESS", now)
        _insert_part(db, *args)
    db.execute("UPDATE trades SET frozen = 0 WHERE out_trade_no = ?", (share["out_trade_no"],))


def _check_return(db: Connection, share: Row, wanted: WantedReturn) -> None:
    got_fen = db.execute(
        "SELECT COALESCE(SUM(amount_fen), 0) FROM share_parts"
        " WHERE order_id = ? AND account = ? AND result = 'SUCCESS'",
        (share["order_id"], wanted.return_mchid),
    ).fetchone()[0]
    back_fen = db.execute(
        "SELECT COALESCE(SUM(amount_fen), 0) FROM share_returns"
        " WHERE order_id = ? AND return_mchid = ? AND result != 'FAILED'",
        (share["order_id"], wanted.return_mchid),
    ).fetchone()[0]
    if wanted.amount_fen > got_fen - back_fen:
        raise invalid_request("回退金额超过可回退的金额")
    if clock.now() - share["created_at"] > partners.FROZEN_AT_MOST_S:
        raise invalid_request("分账已超过180天，不能回退")


def _insert_return(db: Connection, share: Row, wanted: WantedReturn) -> Row:
    return_id = f"30080{secrets.randbelow(10**23):023d}"
    db.execute(
        "INSERT INTO share_returns (out_return_no, return_id, order_id, return_mchid, amount_fen,"
        " description, result, created_at) VALUES (?, ?, ?, ?, ?, ?, 'PROCESSING', ?)",
        (
            *(wanted.out_return_no, return_id, share["order_id"], wanted.return_mchid),
            *(wanted.amount_fen, wanted.description, clock.now()),
        ),
    )
    back: Row = db.execute(
        "SELECT * FROM share_returns WHERE return_id = ?", (return_id,)
    ).fetchone()
    return back
