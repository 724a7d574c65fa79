"""Property fee bills in a CSV file (UTF-8), one a row:

账单号, 户类 (`home` or `merchant`), 户号 (the id of the home or merchant), 项目, 账期, 金额（元）,
应缴日.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.contracts.fees import DebtorKind
from services.kernel.money import from_yuan
from services.settlement.domain.fee_system import BillSaid

ROWS_MAX = 20_000
COLUMNS = 7
HEADS = frozenset({"账单号", "number"})
KINDS = {
    "home": DebtorKind.HOME,
    "房屋": DebtorKind.HOME,
    "住户": DebtorKind.HOME,
    "merchant": DebtorKind.MERCHANT,
    "商户": DebtorKind.MERCHANT,
    "商铺": DebtorKind.MERCHANT,
}
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")


@dataclass(slots=True)
class FeeFile:
    """What a file says; `faults` maps a row's number, as a spreadsheet counts, to its fault."""

    bills: list[BillSaid] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    row_count: int = 0


def read_bills(community_id: str, text: str) -> FeeFile:
    """Every row read; empty rows and a row of headings are passed over."""
    file, numbers = FeeFile(), dict[str, int]()
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    row = 0
    try:
        for row, cells in enumerate(reader, start=1):
            cells = [cell.strip() for cell in cells]
            if not any(cells) or (row == 1 and cells[0] in HEADS):
                continue
            file.row_count += 1
            if file.row_count > ROWS_MAX:
                file.faults[row] = f"一个文件最多 {ROWS_MAX} 行"
                break
            _read_row(file, numbers, row, community_id, cells)
    except csv.Error as error:
        file.faults[row + 1] = f"这一行不是 CSV：{error}"
    if not file.row_count and not file.faults:
        file.faults[1] = "文件里没有账单"
    return file


def _read_row(
    file: FeeFile, numbers: dict[str, int], row: int, community_id: str, cells: Sequence[str]
) -> None:
    try:
        bill = _bill(community_id, cells)
        if bill.external_number in numbers:
            raise ValueError(f"账单号与第 {numbers[bill.external_number]} 行重复")
    except ValueError as error:
        file.faults[row] = str(error)
        return
    numbers[bill.external_number] = row
    file.bills.append(bill)


def _bill(community_id: str, cells: Sequence[str]) -> BillSaid:
    if len(cells) < COLUMNS or any(cells[COLUMNS:]):
        raise ValueError(f"应有 {COLUMNS} 列，这一行有 {len(cells)} 列")
    number, kind, debtor_id, title, period, yuan, due = cells[:COLUMNS]
    if not 1 <= len(number) <= 60:
        raise ValueError("账单号要有 1 到 60 个字")
    if kind not in KINDS:
        raise ValueError("户类写 home（房屋）或 merchant（商户）")
    if not _ID.fullmatch(debtor_id):
        raise ValueError("户号不对：应是系统里的房屋或商户编号，26 位")
    if not 1 <= len(title) <= 200 or not 1 <= len(period) <= 40:
        raise ValueError("项目和账期都要写，账期最多 40 个字")
    return BillSaid(
        community_id=community_id,
        external_number=number,
        debtor_kind=KINDS[kind],
        debtor_id=debtor_id,
        title=title,
        period=period,
        amount_fen=_fen(yuan),
        due_day=_day(due),
    )


def _fen(yuan: str) -> int:
    try:
        amount_fen = from_yuan(yuan)
    except ValueError:
        amount_fen = 0
    if amount_fen <= 0:
        raise ValueError("金额要大于零，最多两位小数，比如 186.50")
    return amount_fen


def _day(text: str) -> date:
    match = _DAY.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        return date(*map(int, match.groups()))
    except ValueError:
        raise ValueError("应缴日要像 2026-03-31") from None
