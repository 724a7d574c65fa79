"""WeChat Pay's trade bill of one day, line by line.

Sources: WeChat Pay merchant documents 「申请交易账单」, 「下载账单」, 「交易账单字段说明」:
a header line, a line per payment and per refund with a backtick before each field, a summary
header and a summary line.
"""

import gzip
import hashlib
import io
import json
import time
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from urllib.parse import urlsplit

from wechatpayv3 import WeChatPay

from services.kernel.errors import InvariantBroken, Unavailable
from services.kernel.money import from_yuan
from services.settlement.channels.wechat_words import REFUND_STATES
from services.settlement.domain.channel import BillLine

_NOT_YET = {"NO_STATEMENT_EXIST", "STATEMENT_CREATING"}
_CHUNK = 1 << 20


def fetch(pay: WeChatPay, day: date) -> Iterator[BillLine] | None:
    """The bill's lines; None when the day has no bill (yet)."""
    status, body = pay.trade_bill(bill_date=day.isoformat())
    told = json.loads(body)
    if status != 200:
        if told.get("code") in _NOT_YET:
            return None
        raise Unavailable(f"WeChat Pay gives no bill of {day}: {told.get('code')}")
    link = urlsplit(told["download_url"])
    status, packed = pay.download_bill(f"{link.path}?{link.query}")
    if status != 200:
        raise Unavailable(f"the bill of {day} does not come: {status}")
    _check_hash(packed, told["hash_value"], day)
    return _lines(packed)


def _check_hash(packed: bytes, sha1: str, day: date) -> None:
    digest = hashlib.sha1(usedforsecurity=False)  # WeChat's choice: it detects a broken download
    with gzip.open(io.BytesIO(packed)) as plain:
        while chunk := plain.read(_CHUNK):
            digest.update(chunk)
            time.sleep(0)  # let other greenlets run: a bill can be long
    if digest.hexdigest() != sha1.lower():
        raise InvariantBroken(f"the bill of {day} came altered")


def _lines(packed: bytes) -> Iterator[BillLine]:
    with gzip.open(io.BytesIO(packed), "rt", encoding="utf-8-sig") as plain:
        names = next(plain).strip().split(",")
        for text in plain:
            if not text.startswith("`"):
                return  # the summary
            fields = text.strip().lstrip("`").split(",`")
            yield _line(dict(zip(names, fields, strict=True)))


def _line(fields: dict[str, str]) -> BillLine:
    if fields["交易状态"] == "REFUND":
        return BillLine(
            out_trade_no=fields["商户订单号"],
            amount_fen=from_yuan(fields["申请退款金额"]),
            out_refund_no=fields["商户退款单号"],
            refund_state=REFUND_STATES.get(fields["退款状态"]),
            fee_fen=_fee_fen(fields["手续费"]),
            transaction_id=fields["微信订单号"],
        )
    return BillLine(
        out_trade_no=fields["商户订单号"],
        amount_fen=from_yuan(fields["订单金额"]),
        fee_fen=_fee_fen(fields["手续费"]),
        transaction_id=fields["微信订单号"],
    )


def _fee_fen(text: str) -> int:
    """`0.06000` yuan as 6 fen; five decimals are written, whole fen are kept."""
    try:
        return int((Decimal(text) * 100).to_integral_value(ROUND_HALF_UP))
    except InvalidOperation as error:
        raise InvariantBroken(f"not a fee in yuan: {text!r}") from error
