"""The trade bill and the sandbox's own view agree on every fen."""

import gzip
import hashlib
import json

from deploy.sandbox import clock
from tests.unit.sandbox.rig import Sandbox, eventually


def busy_day(sandbox: Sandbox) -> None:
    sandbox.paid("order00001", 1400)
    sandbox.paid("order00002", 3600)
    sandbox.prepay("order00003", 999)
    sandbox.refund("order00001", "r1", 600)
    eventually(lambda: sandbox.api("GET", "bill.json")["totals"]["refund_count"] == 1)


def bill(sandbox: Sandbox, bill_type: str = "ALL") -> str:
    code, text = sandbox.client.trade_bill(clock.today(), bill_type)
    assert code == 200, text
    link = json.loads(text)
    code, data = sandbox.client.download_bill(link["download_url"])
    assert code == 200
    content = gzip.decompress(data)
    assert hashlib.sha1(content).hexdigest() == link["hash_value"]
    return content.decode()


def test_the_bill_has_a_line_per_payment_and_refund_and_a_summary(sandbox: Sandbox) -> None:
    busy_day(sandbox)

    lines = bill(sandbox).splitlines()

    header = lines[0].split(",")
    rows = [
        dict(zip(header, [field.removeprefix("`") for field in line.split(",")], strict=True))
        for line in lines[1:4]
    ]
    assert header[0] == "交易时间"
    assert [(row["商户订单号"], row["交易状态"], row["订单金额"]) for row in rows] == [
        ("order00001", "SUCCESS", "14.00"),
        ("order00002", "SUCCESS", "36.00"),
        ("order00001", "REFUND", "0.00"),
    ]
    assert (rows[2]["商户退款单号"], rows[2]["退款金额"]) == ("r1", "6.00")
    assert [row["手续费"] for row in rows] == ["0.08000", "0.22000", "-0.04000"]
    assert lines[5] == "`3,`50.00,`6.00,`0.00,`0.26000,`50.00,`6.00"


def test_payments_and_refunds_can_be_billed_alone(sandbox: Sandbox) -> None:
    busy_day(sandbox)

    assert len(bill(sandbox, "SUCCESS").splitlines()) == 5
    refunds = bill(sandbox, "REFUND").splitlines()
    assert len(refunds) == 4
    assert len(refunds[1].split(",")) == len(refunds[0].split(","))


def test_the_own_view_counts_the_same_money(sandbox: Sandbox) -> None:
    busy_day(sandbox)

    view = sandbox.api("GET", f"bill.json?date={clock.today()}")

    assert view["totals"] == {
        "paid_count": 2,
        "paid_fen": 5000,
        "refund_count": 1,
        "refunded_fen": 600,
        "net_fen": 4400,
    }
    states = {trade["out_trade_no"]: trade["trade_state"] for trade in view["trades"]}
    assert states == {"order00001": "REFUND", "order00002": "SUCCESS", "order00003": "NOTPAY"}


def test_a_bill_is_falsified_on_request_and_only_the_bill(sandbox: Sandbox) -> None:
    busy_day(sandbox)
    faults = {
        "channel": "wechat",
        "day": clock.today(),
        "drop": ["order00001"],
        "add": [{"out_trade_no": "stranger01", "amount_fen": 777}],
        "alter": {"order00002": 3601, "r1": 599},
        "fee": {"order00002": 1},
    }

    assert sandbox.api("PUT", "bill-faults", faults) == faults

    rows = [line.replace("`", "").split(",") for line in bill(sandbox).splitlines()[1:-2]]
    header = bill(sandbox).splitlines()[0].split(",")
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    numbers = {
        line["商户退款单号" if line["交易状态"] == "REFUND" else "商户订单号"]: line
        for line in lines
    }
    assert set(numbers) == {"order00002", "stranger01", "r1"}
    assert (numbers["order00002"]["订单金额"], numbers["order00002"]["手续费"]) == (
        "36.01",
        "0.01000",
    )
    assert numbers["stranger01"]["订单金额"] == "7.77"
    assert numbers["r1"]["申请退款金额"] == "5.99"
    assert sandbox.api("GET", "bill.json")["totals"]["paid_fen"] == 5000
    assert sandbox.api("GET", f"bill-faults?channel=wechat&day={clock.today()}") == faults
    assert sandbox.api("DELETE", "bill-faults") == {"forgotten": 1}
    assert len(bill(sandbox).splitlines()) == 6


def test_an_empty_day_or_a_wrong_date_has_no_bill(sandbox: Sandbox) -> None:
    empty = sandbox.client.trade_bill("2026-01-01")
    wrong = sandbox.client.trade_bill("yesterday")

    assert (empty[0], json.loads(empty[1])["code"]) == (400, "NO_STATEMENT_EXIST")
    assert (wrong[0], json.loads(wrong[1])["code"]) == (400, "PARAM_ERROR")


def test_todays_bill_can_be_withheld_as_wechat_does(sandbox: Sandbox) -> None:
    busy_day(sandbox)
    sandbox.api("PUT", "settings", {"bill_same_day": False})

    assert sandbox.client.trade_bill(clock.today())[0] == 400


def test_reset_forgets_the_business_and_keeps_the_people(sandbox: Sandbox) -> None:
    busy_day(sandbox)

    state = sandbox.api("POST", "reset")

    assert state["trades"] == state["refunds"] == state["notices"] == 0
    assert state["people"] == 1
