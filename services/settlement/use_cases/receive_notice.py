"""Take a channel's notice: check it, book it, commit, and only then say yes.

Each notice is put on record, taken or refused. Refusing means that the channel sends it again.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert

from services.contracts.settlement import (
    Channel,
    NoticeMismatch,
    NoticeRefused,
    NoticeView,
    ReceiveNotice,
)
from services.kernel import failpoints, jsons
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
from services.settlement.domain.channel import ChannelRefund, Notice, PayChannel, Trade, TradeState
from services.settlement.domain.payouts import Payout
from services.settlement.tables import NoticeRow
from services.settlement.use_cases.book_trade import Booking, book_trade
from services.settlement.use_cases.pay_out import keep_payout_news
from services.settlement.use_cases.settle_refund import keep_refund_news

_INSERT = insert(NoticeRow)
_PLAIN = re.compile(r"[^A-Za-z0-9._\-]")


def receive_notice(
    db: Database, channels: Mapping[Channel, PayChannel], command: ReceiveNotice, now: datetime
) -> NoticeView:
    """Believe a genuine notice once; NoticeRefused or NoticeMismatch move no money."""
    channel = channels[command.channel]
    try:
        notice = channel.parse_notice(command.headers, command.body, now)
        failpoints.hit("settlement.notice.after_verify")
        with db.transaction() as tx:
            duplicate = not _believe(tx, channel, notice, now)
            accepted_id = None if duplicate else notice.notice_id
            outcome = "duplicate" if duplicate else "accepted"
            row = _row(command, notice.event_type, _subject(notice), outcome, "", now)
            tx.execute(_INSERT, {**row, "accepted_id": accepted_id})
    except (NoticeRefused, NoticeMismatch) as refusal:
        _put_on_record(db, command, refusal.message, now)
        raise
    return NoticeView(duplicate=duplicate)


def _believe(tx: Tx, channel: PayChannel, notice: Notice, now: datetime) -> bool:
    """Do what the notice says; False when that was done before."""
    if notice.merchant_number != channel.till.merchant_number:
        raise NoticeMismatch("the notice is for another merchant")
    about = notice.about
    if isinstance(about, ChannelRefund):
        return keep_refund_news(tx, channel.till.channel, about, now)
    if isinstance(about, Payout):
        return keep_payout_news(tx, about, now)
    if about.state is TradeState.CLOSED:
        return False  # Alipay tells that a trade was closed unpaid: the poll asks for itself
    if about.state is not TradeState.PAID:
        raise NoticeMismatch("the notice speaks of a trade that is not paid")
    return book_trade(tx, channel.till.channel, about, now) is not Booking.KNOWN


def _subject(notice: Notice) -> str:
    about = notice.about
    if isinstance(about, Trade):
        return about.out_trade_no
    return about.out_refund_no if isinstance(about, ChannelRefund) else about.out_bill_no


def _put_on_record(db: Database, command: ReceiveNotice, reason: str, now: datetime) -> None:
    event_type = _claimed_event_type(command.body)
    with db.transaction() as tx:
        tx.execute(_INSERT, _row(command, event_type, "", "refused", reason, now))


def _claimed_event_type(body: str) -> str:
    """What an unproved body says it is, made harmless."""
    try:
        claimed = jsons.loads(body).get("event_type")
    except (ValueError, AttributeError):
        return ""
    return _PLAIN.sub("", str(claimed))[:40]


def _row(
    command: ReceiveNotice, event_type: str, subject: str, outcome: str, reason: str, now: datetime
) -> dict[str, object]:
    body = command.body.encode()
    return {
        "row_id": new_id(),
        "channel": command.channel,
        "accepted_id": None,
        "event_type": event_type[:40],
        "subject": subject[:40],
        "outcome": outcome,
        "reason": reason[:200],
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "body_bytes": len(body),
        "received_at": now,
    }
