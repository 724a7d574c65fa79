"""A table as an xlsx file: the rows of all its pages, within a limit, never all in memory.

Rows are asked for page by page and written down as they come; the file goes out in pieces.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from tempfile import SpooledTemporaryFile
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Response, request
from flask_babel import gettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from gateway.ui import local
from services.kernel.wire import PAGE_SIZE_MAX, Page, PageQuery

ROWS_MAX = 50_000
PAGES_MAX = ROWS_MAX // PAGE_SIZE_MAX + 1
IN_MEMORY_BYTES = 1 << 20
"""A larger file waits on disk for its reader."""
PIECE_BYTES = 1 << 16
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
    """The rows of all pages; a page is asked for when its first row is wanted.

    PAGES_MAX full pages hold more than a sheet takes, so that it knows of the rest.
    """
    after: str | None = None
    for _ in range(PAGES_MAX):
        page = ask(query.model_copy(update={"after": after, "limit": PAGE_SIZE_MAX}))
        yield from page.items
        after = page.next_after
        if after is None:
            return


def sheet(name: str, heads: str, rows: Iterable[Sequence[Any]]) -> Response:
    """The file, called after what it holds; `heads` are the columns' names, parted by |.

    The first ROWS_MAX rows; when there are more, the last line says so.
    """
    book = Workbook(write_only=True)
    page = book.create_sheet(name[:31])
    page.freeze_panes = "A2"
    page.append([_head(page, head) for head in heads.split("|")])
    for count, row in enumerate(rows):
        if count == ROWS_MAX:
            cut = gettext("只有前 %(n)d 行，后面还有。请缩小范围再导出。", n=ROWS_MAX)
            page.append([_head(page, cut)])
            break
        page.append([_cell(page, value) for value in row])
    # The answer outlives this function; _pieces closes it.
    out = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115
    book.save(out)
    out.seek(0)
    response = Response(_pieces(out), mimetype=MIME)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    return response


def _pieces(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


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
