"""A table as an xlsx file: the rows of all its pages, within a limit."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Response, request
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from gateway.ui import local
from services.kernel.wire import PAGE_SIZE_MAX, Page, PageQuery

ROWS_MAX = 20_000
YUAN = "#,##0.00"
MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Item = TypeVar("Item")
Wish = TypeVar("Wish", bound=PageQuery)


class Yuan(int):
    """Fen that stand in the sheet as yuan, so that they can be summed there."""


def wanted() -> bool:
    """Whether the address asks for the table as a file."""
    return request.args.get("as") == "xlsx"


def every(ask: Callable[[Wish], Page[Item]], query: Wish) -> Iterator[Item]:
    """The rows of all pages, the first ROWS_MAX of them."""
    after: str | None = None
    for _ in range(ROWS_MAX // PAGE_SIZE_MAX):
        page = ask(query.model_copy(update={"after": after, "limit": PAGE_SIZE_MAX}))
        yield from page.items
        after = page.next_after
        if after is None:
            return


def sheet(name: str, heads: str, rows: Iterable[Sequence[Any]]) -> Response:
    """The file, called after what it holds; `heads` are the columns' names, parted by |."""
    book = Workbook(write_only=True)
    page = book.create_sheet(name[:31])
    page.freeze_panes = "A2"
    page.append([_head(page, head) for head in heads.split("|")])
    for row in rows:
        page.append([_cell(page, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    response = Response(out.getvalue(), mimetype=MIME)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    return response


def _head(page: Any, words: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, words)
    cell.font = Font(bold=True)
    return cell


def _cell(page: Any, value: object) -> WriteOnlyCell:
    if isinstance(value, Yuan):
        cell = WriteOnlyCell(page, value / 100)
        cell.number_format = YUAN
    elif isinstance(value, datetime):
        # A spreadsheet knows no zones: what stands there is the clock in Shanghai.
        cell = WriteOnlyCell(page, local(value).replace(tzinfo=None))
    elif isinstance(value, date | int):
        cell = WriteOnlyCell(page, value)
    else:
        cell = WriteOnlyCell(page, "" if value is None else str(value))
        # A text that begins with = stays a text: nobody's remark is run as a formula.
        cell.data_type = "s"
    return cell
