"""The receipt of a property fee payment, for those whose it is and for staff."""

import base64
from typing import Any

from sqlalchemy import Row

from services.contracts.fees import (
    FeePaymentState,
    FeeReceiptQuery,
    FeeReceiptView,
    FeeWay,
    NoSuchBill,
)
from services.contracts.permissions import Permission
from services.contracts.settlement import Channel, DeskMethod, OwnerKind
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.settlement import fee_queries
from services.settlement.fee_receipts import Receipt, draw_receipt
from services.settlement.use_cases.fee_rights import right_to

STAMPS = {
    FeePaymentState.TELLING: "待入账",
    FeePaymentState.REFUSED: "已作废",
    FeePaymentState.REVERSED: "已冲正",
}
_CHANNELS = {
    Channel.WECHAT: "微信支付",
    Channel.ALIPAY: "支付宝",
    Channel.UNIONPAY: "银联",
    Channel.DESK: "物业前台",
    Channel.INTERNAL: "家庭账户",
}
_METHODS = {DeskMethod.CASH: "物业前台（现金）", DeskMethod.POS: "物业前台（刷卡）"}


def see_fee_receipt(
    db: Database, services: Any, query: FeeReceiptQuery, actor: Actor, payee: str
) -> FeeReceiptView:
    """The receipt as PDF; NoSuchBill when there is none (yet), or it is somebody else's."""
    with db.reading() as tx:
        row = fee_queries.payment_row(tx, query.fee_payment_id)
        paid = fee_queries.opened_payment(tx, row.payment_id) if row and row.payment_id else None
    if row is None or row.receipt_number is None:
        raise NoSuchBill()
    right = right_to(services, row.debtor_kind, row.debtor_id)
    # Whoever has moved out keeps the receipt of what they paid.
    own = actor.account_id == row.paid_by_account_id or actor.may(Permission.MONEY_VIEW_ANY)
    if not (own or right.allowed):
        raise NoSuchBill()
    receipt = Receipt(
        number=row.receipt_number,
        payee=payee,
        debtor=right.debtor_name or row.debtor_id,
        payer=row.paid_by,
        title=row.title,
        period=row.period,
        external_number=row.external_number,
        amount_fen=row.amount_fen,
        way=_way(row, paid),
        paid_at=row.paid_at,
        stamp=STAMPS.get(FeePaymentState(row.state), ""),
    )
    pdf = base64.b64encode(draw_receipt(receipt)).decode()
    return FeeReceiptView(receipt_number=row.receipt_number, pdf_base64=pdf)


def _way(row: Row[Any], paid: Row[Any] | None) -> str:
    if row.way == FeeWay.OFFSET:
        household = row.owner_kind == OwnerKind.HOUSEHOLD
        return "家庭账户抵扣" if household else "商户账户抵扣"
    if row.way == FeeWay.DESK:
        return _METHODS[DeskMethod(row.method)]
    if paid is None or paid.channel is None:
        return "在线支付"
    words = _CHANNELS.get(Channel(paid.channel), "在线支付")
    return f"{words}、家庭账户" if paid.fund_fen and paid.channel != Channel.INTERNAL else words
