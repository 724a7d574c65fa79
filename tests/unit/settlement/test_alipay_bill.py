"""Alipay's bill as its documents describe it, and files that are none."""

import io
import zipfile

import pytest

from services.contracts.settlement import RefundState
from services.kernel.errors import InvariantBroken
from services.settlement.channels.alipay_bill import lines
from services.settlement.domain.channel import BillLine

HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
DETAILS = f"""#支付宝业务明细查询
#账号：[20881234567890120156]
#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]
#-----------------------------------------业务明细列表----------------------------------------
{HEADER}
20260301220014\t,01ORDER\t,交易\t,"豆浆,油条",2026-03-01 08:00:00,2026-03-01 08:00:09,\t,\t,\t,\t,\
*雨,20.00,20.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.12,0.00,
20260301220014\t,01ORDER\t,退款\t,豆浆,2026-03-01 09:00:00,2026-03-01 09:00:09,\t,\t,\t,\t,\
*雨,-7.50,-7.50,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,01REFUND\t,0.05,0.00,
#-----------------------------------------业务明细列表结束------------------------------------
"""


def packed(*files: tuple[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as folder:
        for name, text in files:
            folder.writestr(name, text.encode("gbk"))
    return data.getvalue()


def test_payments_refunds_and_fees_are_read() -> None:
    bill = packed(("2088_业务明细.csv", DETAILS), ("2088_业务明细(汇总).csv", "#"))
    assert list(lines(bill)) == [
        BillLine("01ORDER", 2000, fee_fen=12, transaction_id="20260301220014"),
        BillLine(
            "01ORDER",
            750,
            out_refund_no="01REFUND",
            refund_state=RefundState.DONE,
            fee_fen=-5,
            transaction_id="20260301220014",
        ),
    ]


@pytest.mark.parametrize(
    "bill",
    [
        b"junk",
        packed(),
        packed(("a.csv", DETAILS), ("b.csv", DETAILS)),
        packed(("a.csv", DETAILS.replace("20.00,20.00", "20.001,20.00"))),
        packed(("a.csv", DETAILS.replace("服务费", "手续费"))),
        packed(("a.csv", DETAILS.replace(",*雨,20.00", ",20.00"))),
    ],
)
def test_what_is_not_the_bill_that_alipay_describes_is_reported(bill: bytes) -> None:
    with pytest.raises(InvariantBroken):
        list(lines(bill))
