"""Payouts by bank: the file goes out, the bank's answer comes back."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response

from gateway.console.money.reading import list_links, shown_once, typed_file
from gateway.console.staff import need_staff
from gateway.pages import after, command, draw, write_once
from gateway.parts import parts
from services.contracts.withdrawals import (
    BankFileQuery,
    BankFilesQuery,
    ImportBankResult,
    MakeBankFile,
    WithdrawalsQuery,
    WithdrawalState,
)
from services.kernel.errors import Malformed
from services.kernel.wire import PAGE_SIZE_MAX

blueprint = Blueprint("money_bank_files", __name__)


@blueprint.get("/console/money/bank-files")
def bank_files() -> str:
    """What was made so far, and what the next file would hold."""
    need_staff()
    return _draw_list()


def _draw_list(**context: Any) -> str:
    settlement = parts().backends.settlement
    page = settlement.bank_files(BankFilesQuery(after=after()))
    waiting = settlement.withdrawals(
        WithdrawalsQuery(state=WithdrawalState.TO_PAY, limit=PAGE_SIZE_MAX)
    )
    by_bank = [one for one in waiting.items if one.way == "bank"]
    return draw(
        "console/money/bank_files.html",
        files=page.items,
        waiting=by_bank,
        waiting_fen=sum(one.amount_fen for one in by_bank),
        more=waiting.next_after is not None,
        **list_links("/console/money/bank-files", page.next_after),
        **context,
    )


@blueprint.post("/console/money/bank-files")
def make() -> Response:
    """A new file of all that wait."""
    need_staff()

    def write() -> str:
        made = parts().backends.settlement.make_bank_file(command(MakeBankFile))
        return f"/console/money/bank-files/{made.batch_id}"

    return write_once(write, lambda faults, notice: _draw_list(faults=faults, notice=notice))


@blueprint.get("/console/money/bank-files/<batch_id>")
def bank_file(batch_id: str) -> str:
    """One file: download it, and bring the bank's answer."""
    need_staff()
    return _draw_one(batch_id)


def _draw_one(batch_id: str, **context: Any) -> str:
    view = parts().backends.settlement.bank_file(BankFileQuery(batch_id=batch_id))
    return draw("console/money/bank_file.html", file=view, **context)


@blueprint.get("/console/money/bank-files/<batch_id>.csv")
def download(batch_id: str) -> Response:
    """The file as the bank takes it; the mark at its beginning lets spreadsheets read UTF-8."""
    need_staff()
    view = parts().backends.settlement.bank_file(BankFileQuery(batch_id=batch_id))
    response = Response("\ufeff" + view.csv, mimetype="text/csv")
    name = quote(f"银行付款-{view.batch_id}.csv")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


@blueprint.post("/console/money/bank-files/<batch_id>/result")
def take_result(batch_id: str) -> Response:
    """The bank's answer; each row's fault is shown, and then nothing has been taken."""
    need_staff()

    def write() -> str:
        csv = typed_file("csv")
        if not csv.strip():
            raise Malformed(fields={"csv": ""})
        wish = command(ImportBankResult, batch_id=batch_id, csv=csv)
        result = parts().backends.settlement.import_bank_result(wish)
        return _draw_one(batch_id, result=result)

    return shown_once(
        write, lambda faults, notice: _draw_one(batch_id, faults=faults, notice=notice)
    )
