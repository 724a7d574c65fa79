"""Alipay's trade bill of one day, line by line.

Sources: Alipay open platform 「alipay.data.dataservice.bill.downloadurl.query」 and
「交易账单字段说明」: a zip with the details and their summary as GBK files; notes begin with #, a
header line names the columns, a tab keeps spreadsheets from rounding long numbers; refunds and
what Alipay keeps (服务费) are below zero. A day without a bill is `isp.bill_not_exist`.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date

from services.contracts.settlement import ChannelRefused, RefundState
from services.kernel.errors import InvariantBroken
from services.settlement.channels import alipay_words
from services.settlement.channels.alipay_wire import AlipayWire
from services.settlement.domain.channel import BillLine

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
_NOT_THERE = {"isp.bill_not_exist", "BILL_NOT_EXIST"}
_SUMMARY = "汇总"
_PAID, _REFUNDED = "交易", "退款"


def fetch(wire: AlipayWire, day: date) -> Iterator[BillLine] | None:
    """The bill's lines; None when the day has no bill (yet)."""
    try:
        told = wire.call(METHOD, {"bill_type": "trade", "bill_date": day.isoformat()})
    except ChannelRefused as refusal:
        if (refusal.fields or {}).get("code") in _NOT_THERE:
            return None
        raise
    return lines(wire.download(str(told["bill_download_url"])))


def lines(packed: bytes) -> Iterator[BillLine]:
    """What is in the zip; InvariantBroken when it is not the bill that Alipay describes."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed), metadata_encoding="gbk") as folder:
            names = [name for name in folder.namelist() if _SUMMARY not in name]
            if len(names) != 1:
                raise ValueError(f"{len(names)} files of details")
            with folder.open(names[0]) as raw:
                yield from _details(io.TextIOWrapper(raw, encoding="gbk", newline=""))
    except (zipfile.BadZipFile, ValueError, KeyError) as error:
        raise InvariantBroken(f"Alipay's bill has an unknown form: {error!r}") from error


def _details(plain: io.TextIOWrapper) -> Iterator[BillLine]:
    rows = csv.reader(line for line in plain if not line.startswith("#"))
    names = [_bare(name) for name in next(rows)]
    for row in rows:
        fields = {name: value.strip() for name, value in zip(names, row, strict=True)}
        if fields["业务类型"] in (_PAID, _REFUNDED):
            yield _line(fields)


def _bare(name: str) -> str:
    """`订单金额（元）` as `订单金额`: brackets come wide or narrow."""
    return name.strip().split("（")[0].split("(")[0]


def _line(fields: dict[str, str]) -> BillLine:
    amount_fen = abs(alipay_words.fen(fields["订单金额"]))
    fee_fen = abs(alipay_words.fen(fields["服务费"]))
    refunded = fields["业务类型"] == _REFUNDED
    return BillLine(
        out_trade_no=fields["商户订单号"],
        amount_fen=amount_fen,
        out_refund_no=fields["退款批次号/请求号"] if refunded else "",
        refund_state=RefundState.DONE if refunded else None,
        fee_fen=-fee_fen if refunded else fee_fen,
        transaction_id=fields["支付宝交易号"],
    )
