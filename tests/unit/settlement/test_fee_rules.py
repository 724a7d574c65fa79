"""Property fees without a database: files of bills, capitals, receipts, states, settings."""

import re
import zlib
from base64 import a85decode
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.contracts.fees import DebtorKind, FeeBillState, FeePaymentState, FeeWay
from services.kernel.capitals import capitals
from services.kernel.ids import new_id
from services.settlement.domain.fee_files import ROWS_MAX, read_bills
from services.settlement.domain.fee_system import PaymentTold, ReversalTold
from services.settlement.domain.fees import (
    BILL_MOVES,
    FEE_PAYMENT_MOVES,
    HELD,
    UNDONE,
    place_of,
    receipt_number,
    subject_of,
)
from services.settlement.fee_receipts import Receipt, draw_receipt
from services.settlement.fee_systems import open_fee_system
from services.settlement.fee_systems.files import FeesByFile
from services.settlement.settings import Settings

COMMUNITY, HOME = new_id(), new_id()
CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
HEADS = "账单号,户类,户号,项目,账期,金额（元）,应缴日\n"


def line(number: str = "WY-1", **changes: str) -> str:
    cells = {
        "number": number,
        "kind": "home",
        "debtor": HOME,
        "title": "物业服务费",
        "period": "2026-02",
        "yuan": "186.50",
        "due": "2026-02-28",
    } | changes
    return ",".join(cells.values()) + "\n"


def test_a_file_is_read_with_or_without_headings_and_mark() -> None:
    for text in (line(), HEADS + line(), "\ufeff" + HEADS + "\n" + line() + ",,,\n"):
        (bill,) = read_bills(COMMUNITY, text).bills
        assert (bill.external_number, bill.amount_fen) == ("WY-1", 18_650)
        assert (bill.debtor_kind, bill.due_day) == (DebtorKind.HOME, date(2026, 2, 28))


def test_days_kinds_and_amounts_may_be_written_as_people_do() -> None:
    text = line(kind="商户", due="2026/2/28", yuan='"1,186.5"')
    (bill,) = read_bills(COMMUNITY, text).bills
    assert (bill.debtor_kind, bill.amount_fen) == (DebtorKind.MERCHANT, 118_650)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": ""},
        {"kind": "flat"},
        {"debtor": "3-2-501"},
        {"title": ""},
        {"yuan": "0"},
        {"yuan": "-5"},
        {"yuan": "1.234"},
        {"yuan": "一百"},
        {"due": "2026-02-30"},
        {"due": "soon"},
        {"due": "2026-02-28,more"},
    ],
)
def test_a_fault_is_named_at_its_row(changes: dict[str, str]) -> None:
    file = read_bills(COMMUNITY, HEADS + line() + line(**{"number": "WY-2", **changes}))
    assert set(file.faults) == {3}
    assert len(file.bills) == 1


def test_a_number_that_comes_twice_is_a_fault_of_the_second() -> None:
    assert read_bills(COMMUNITY, line() + line()).faults == {2: "账单号与第 1 行重复"}


def test_an_empty_file_and_one_that_is_too_long_are_faults() -> None:
    assert set(read_bills(COMMUNITY, HEADS).faults) == {1}
    long = "".join(line(str(number)) for number in range(ROWS_MAX + 5))
    assert set(read_bills(COMMUNITY, long).faults) == {ROWS_MAX + 1}


@pytest.mark.parametrize(
    ("amount_fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (50, "伍角整"),
        (100, "壹元整"),
        (103, "壹元零叁分"),
        (1_000, "壹拾元整"),
        (18_650, "壹佰捌拾陆元伍角整"),
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (10_700_053, "壹拾万柒仟元零伍角叁分"),
        (1_680_032, "壹万陆仟捌佰元零叁角贰分"),
        (100_000_000, "壹佰万元整"),
        (10_000_000_100, "壹亿零壹元整"),
        (-300, "负叁元整"),
    ],
)
def test_an_amount_in_capitals(amount_fen: int, words: str) -> None:
    assert capitals(amount_fen) == words


def receipt(**changes: str) -> Receipt:
    words = {
        "number": "WY2026-000001",
        "payee": "安居物业服务有限公司",
        "debtor": "翠湖苑3号楼2单元501",
        "payer": "王芳",
        "title": "物业服务费",
        "period": "2026-02",
        "external_number": "WY-001",
        "way": "家庭账户抵扣",
    } | changes
    return Receipt(amount_fen=18_650, paid_at=datetime(2026, 2, 10, 4, tzinfo=UTC), **words)


def shown(pdf: bytes) -> list[str]:
    """What the page writes: STSong-Light's strings are UTF-16, with octal escapes."""
    (stream,) = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S)
    page = zlib.decompress(a85decode(stream.strip().removesuffix(b"~>")))
    parts = re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj", page, re.S)
    return [_unescaped(part).decode("utf-16-be") for part in parts]


def _unescaped(part: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else CONTROLS.get(code, code)

    return re.sub(rb"\\([0-7]{3}|.)", plain, part, flags=re.S)


def test_a_receipt_says_who_paid_what_in_figures_and_capitals() -> None:
    pdf = draw_receipt(receipt())
    words = shown(pdf)
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) < 20_000
    for part in ("物业费收据", "No. WY2026-000001", "翠湖苑3号楼2单元501", "2026-02-10 12:00"):
        assert part in words
    assert "人民币壹佰捌拾陆元伍角整" in words
    assert "¥186.50" in words
    assert "已冲正" not in words
    assert "已冲正" in shown(draw_receipt(replace(receipt(), stamp="已冲正")))


def test_the_same_receipt_is_the_same_file_and_long_words_stay_on_the_page() -> None:
    assert draw_receipt(receipt()) == draw_receipt(receipt())
    words = shown(draw_receipt(receipt(title="很长的项目" * 40)))
    (title,) = [line for line in words if line.startswith("很长的项目")]
    assert title.endswith("…")


def test_every_state_can_be_reached_and_a_paid_one_is_booked() -> None:
    assert set(BILL_MOVES.values()) | {FeeBillState.WITHDRAWN} == set(FeeBillState)
    assert set(FEE_PAYMENT_MOVES.values()) | {FeePaymentState.WAITING} == set(FeePaymentState)
    money = {FeePaymentState.WAITING, FeePaymentState.DROPPED}
    assert set(FeePaymentState) - money == {*HELD, *UNDONE}


def test_unpaid_bills_stand_first_oldest_first_and_the_others_newest_first() -> None:
    january, march = date(2026, 1, 31), date(2026, 3, 31)
    places = [
        place_of(FeeBillState.OPEN, january),
        place_of(FeeBillState.TOLD, march),
        place_of(FeeBillState.CLOSED, march),
        place_of(FeeBillState.WITHDRAWN, january),
    ]
    assert places == sorted(places)


def test_the_payers_bill_names_the_periods() -> None:
    assert subject_of(["2026-02"]) == "物业费 2026-02"
    assert subject_of([f"2026-0{month}" for month in (1, 2, 2, 3, 4)]).endswith("等4期")
    assert receipt_number(2026, 7) == "WY2026-000007"


def told_of(**values: Any) -> Settings:
    """Settings of which only these matter."""
    return Settings.model_construct(None, **values)


def test_an_http_fee_system_needs_its_address_and_key() -> None:
    with pytest.raises(ValueError, match="fee_system_url"):
        open_fee_system(told_of(fee_system="http", fee_system_url="", fee_system_key=""))
    assert open_fee_system(told_of(fee_system="files")).name == "files"


def test_a_fee_system_of_files_takes_every_payment() -> None:
    system = FeesByFile()
    told = PaymentTold(new_id(), COMMUNITY, "WY-1", 100, FeeWay.DESK, datetime.now(UTC))
    system.tell_payment(told)
    assert system.tell_reversal(ReversalTold(told.number, COMMUNITY, "WY-1", "错")) is None
    assert system.bills_since("").bills == []
