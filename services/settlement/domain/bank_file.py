"""The payment file for the bank, and the bank's answer: CSV text, read row by row."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from services.contracts.withdrawals import BadBankFile
from services.kernel.money import as_yuan, from_yuan

HEAD = ("提现编号", "户名", "开户行", "账号", "金额")
FAULTS_MAX = 50
_NUMBER, _OUTCOME, _REASON, _AMOUNT = "number", "outcome", "reason", "amount"
_COLUMNS = {
    "提现编号": _NUMBER,
    "编号": _NUMBER,
    "结果": _OUTCOME,
    "付款结果": _OUTCOME,
    "原因": _REASON,
    "失败原因": _REASON,
    "金额": _AMOUNT,
    "金额（元）": _AMOUNT,
}
_PLAIN_ORDER = [_NUMBER, _OUTCOME, _REASON, _AMOUNT]
"""The columns of a file without a head."""


class Outcome(StrEnum):
    """What the bank says of one payment."""

    PAID = "成功"
    FAILED = "失败"


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment that the bank is to make; the account number in full."""

    withdrawal_id: str
    holder: str
    bank: str
    number: str = field(repr=False)
    amount_fen: int


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One line of the bank's answer; `row_number` as a spreadsheet counts it."""

    row_number: int
    withdrawal_id: str
    outcome: Outcome
    reason: str
    amount_fen: int | None


def payment_file(lines: Iterable[PaymentLine]) -> str:
    """The file: a head, and one row a payment; amounts in yuan."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for line in lines:
        writer.writerow(
            [line.withdrawal_id, line.holder, line.bank, line.number, as_yuan(line.amount_fen)]
        )
    return text.getvalue()


def result_lines(text: str) -> list[ResultLine]:
    """The bank's answer, with a head in any order or as number, outcome, reason, amount.

    BadBankFile maps the number of each row that does not parse to its fault.
    """
    rows = _rows(text)
    columns = _PLAIN_ORDER
    if rows and _COLUMNS.get(rows[0][1][0]):
        columns = [_COLUMNS.get(cell, "") for cell in rows.pop(0)[1]]
    if not rows:
        raise bad({1: "文件是空的"})
    if not {_NUMBER, _OUTCOME} <= set(columns):
        raise bad({1: "表头里要有「提现编号」和「结果」"})
    return _parsed(rows, columns)


def bad(faults: dict[int, str]) -> BadBankFile:
    """The error, with the first faults."""
    shown = sorted(faults.items())[:FAULTS_MAX]
    return BadBankFile(
        f"{len(faults)} rows have faults", fields={str(row): fault for row, fault in shown}
    )


def _rows(text: str) -> list[tuple[int, list[str]]]:
    try:
        found = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    except csv.Error:
        raise bad({1: "不是 CSV 文件"}) from None
    cells = [[cell.strip() for cell in row] for row in found]
    return [(number, row) for number, row in enumerate(cells, start=1) if any(row)]


def _parsed(rows: list[tuple[int, list[str]]], columns: list[str]) -> list[ResultLine]:
    lines: list[ResultLine] = []
    faults: dict[int, str] = {}
    seen: set[str] = set()
    for row_number, row in rows:
        values = dict(zip(columns, row, strict=False))
        try:
            line = _line(row_number, values)
            if line.withdrawal_id in seen:
                raise ValueError("这个编号在文件里出现了两次")
        except ValueError as fault:
            faults[row_number] = str(fault)
        else:
            seen.add(line.withdrawal_id)
            lines.append(line)
    if faults:
        raise bad(faults)
    return lines


def _line(row_number: int, values: dict[str, str]) -> ResultLine:
    outcome = values.get(_OUTCOME, "")
    if outcome not in set(Outcome):
        raise ValueError(f"结果只能是「成功」或「失败」，不是「{outcome[:20]}」")
    return ResultLine(
        row_number=row_number,
        withdrawal_id=values.get(_NUMBER, ""),
        outcome=Outcome(outcome),
        reason=values.get(_REASON, ""),
        amount_fen=_amount_fen(values.get(_AMOUNT, "")),
    )


def _amount_fen(text: str) -> int | None:
    if not text:
        return None
    try:
        return from_yuan(text)
    except ValueError:
        raise ValueError(f"金额「{text[:20]}」看不懂") from None
