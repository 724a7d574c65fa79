"""Alipay's trade bill: a zip of GBK files, as its documents describe it.

Source: Alipay open platform 「alipay.data.dataservice.bill.downloadurl.query」,
「交易账单字段说明」. A refund gives no fee back.
"""

import io
import secrets
import zipfile

from flask import Blueprint, Response, request

from deploy.sandbox import channel_trades, clock
from deploy.sandbox.bill_faults import Entry, falsified, faults_of, fee_of
from deploy.sandbox.channel_trades import ALIPAY
from deploy.sandbox.world import World

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
LINK_LIVES_S = 30
HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
RULE = "#-----------------------------------------业务明细列表"


class GbkName(zipfile.ZipInfo):
    """A name in GBK without a flag that says so: what Alipay's zips have."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def blueprint(world: World) -> Blueprint:
    """The download; Alipay's is on a server of its own."""
    routes = Blueprint("alipay_bill", __name__, url_prefix="/sandbox/alipay")

    @routes.get("/bill")
    def download() -> Response:
        row = world.store.one(
            "SELECT * FROM bill_tokens WHERE token = ? AND bill_type = ? AND expires_at > ?",
            (request.args.get("token", ""), ALIPAY, clock.now()),
        )
        if row is None:
            return Response("expired", 403)
        return Response(packed(world, row["day"]), content_type="application/zip")

    return routes


def link(world: World, bill_type: str, day: str) -> str | None:
    """Where the bill of a day lies for half a minute; nothing when there is none."""
    try:
        clock.day_bounds(day)
    except ValueError:
        return None
    too_new = day > clock.today() or (
        day == clock.today() and not world.knobs.settings.bill_same_day
    )
    if bill_type != "trade" or too_new or not entries(world, day):
        return None
    token = secrets.token_urlsafe(32)
    world.store.run(
        "INSERT INTO bill_tokens (token, day, bill_type, expires_at) VALUES (?, ?, ?, ?)",
        (token, day, ALIPAY, clock.now() + LINK_LIVES_S),
    )
    return f"{request.host_url}sandbox/alipay/bill?token={token}"


def entries(world: World, day: str) -> list[Entry]:
    """The day's payments and refunds, falsified as asked for."""
    first, end = clock.day_bounds(day)
    paid = [
        Entry(
            at=row["paid_at"],
            out_trade_no=row["out_trade_no"],
            transaction_id=row["trade_no"],
            amount_fen=row["total_fen"],
            fee_fen=fee_of(ALIPAY, row["total_fen"]),
            subject=row["subject"],
        )
        for row in channel_trades.paid_between(world, ALIPAY, first, end)
    ]
    refunds = [
        Entry(
            at=row["success_at"],
            out_trade_no=row["out_trade_no"],
            transaction_id=row["trade_no"],
            amount_fen=row["amount_fen"],
            fee_fen=0,
            out_refund_no=row["out_refund_no"],
            subject=row["subject"],
        )
        for row in channel_trades.refunds_between(world, ALIPAY, first, end)
    ]
    if not paid and not refunds and not faults_of(world, ALIPAY, day):
        return []
    return falsified(world, ALIPAY, day, paid + refunds)


def packed(world: World, day: str) -> bytes:
    """The zip: details and summary."""
    account = f"{world.channels.alipay.seller_id}0156"
    lines = entries(world, day)
    stem = f"{account}_{day.replace('-', '')}_业务明细"
    head = [
        "#支付宝业务明细查询",
        f"#账号：[{account}]",
        f"#起始日期：[{_long(day)} 00:00:00]   终止日期：[{_long(day)} 24:00:00]",
    ]
    details = [*head, f"{RULE}----", HEADER, *map(_line, lines), f"{RULE}结束----"]
    paid_fen = sum(line.amount_fen for line in lines if not line.out_refund_no)
    back_fen = sum(line.amount_fen for line in lines if line.out_refund_no)
    summary = [*head, "门店编号,交易订单总笔数,退款订单总笔数,订单金额（元）,退款金额（元）"]
    counts = f"{len(lines)},{sum(bool(line.out_refund_no) for line in lines)}"
    summary += [f"合计,{counts},{_yuan(paid_fen)},{_yuan(-back_fen)}"]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, text in ((stem, details), (f"{stem}(汇总)", summary)):
            content = ("\r\n".join(text) + "\r\n").encode("gbk", "replace")
            folder.writestr(GbkName(f"{name}.csv"), content)
    return data.getvalue()


def _line(entry: Entry) -> str:
    sign = -1 if entry.out_refund_no else 1
    amount, at = _yuan(sign * entry.amount_fen), clock.bill_time(entry.at)
    fields = [
        f"{entry.transaction_id}\t",
        f"{entry.out_trade_no}\t",
        "退款\t" if entry.out_refund_no else "交易\t",
        entry.subject.replace(",", " "),
        *(at, at, "\t", "\t", "\t", "\t", "*小雨(138****0000)\t", amount, amount),
        *("0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00"),
        f"{entry.out_refund_no}\t",
        *(_yuan(-entry.fee_fen), "0.00", ""),
    ]
    return ",".join(fields)


def _yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _long(day: str) -> str:
    year, month, rest = day.split("-")
    return f"{year}年{month}月{rest}日"
