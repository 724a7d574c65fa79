"""What the money pages read from an address or a form."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from flask import Response, request
from flask_babel import gettext

from gateway.pages import Redraw, words, write_once
from services.kernel.errors import Malformed
from services.kernel.money import from_yuan

Choice = TypeVar("Choice", bound=StrEnum)
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def chosen(kind: type[Choice], name: str = "state") -> Choice | None:
    """The filter of the address; None for all, and for what is no such thing."""
    value = request.args.get(name, "")
    return kind(value) if value in set(kind) else None


def is_id(text: str) -> bool:
    """Whether this can be the number of a payment, an order, a merchant."""
    return _ID.fullmatch(text) is not None


def id_words(name: str) -> str:
    """An id of the address, as it was typed or pasted, in capitals."""
    return words(name).upper()


def one_id(name: str) -> str | None:
    """An id of the address; None where there is none."""
    text = id_words(name)
    return text if is_id(text) else None


def typed_fen(name: str) -> int:
    """The amount that was typed in yuan; Malformed names the field."""
    try:
        return from_yuan(request.form.get(name, ""))
    except ValueError:
        raise Malformed(fields={name: gettext("请写金额，例如 12.50")}) from None


def typed(name: str) -> str:
    """A text of the form without the spaces around it."""
    return request.form.get(name, "").strip()


def typed_file(name: str) -> str:
    """A text file that was chosen, or what was pasted instead of it; Malformed when unreadable.

    Spreadsheets on Chinese desktops write CSV as GB 18030 unless they are told otherwise.
    """
    sent = request.files.get(name)
    raw = sent.read() if sent else b""
    if not raw:
        return request.form.get(name, "")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Malformed(fields={name: gettext("这个文件不是文本，请另存为 CSV 再上传")})


def list_links(path: str, next_after: str | None) -> dict[str, str]:
    """Where a table goes on, where it begins, and its spreadsheet, with the filters of the address.

    The path is named, because a list is also drawn again after a form of one of its rows.
    """
    filters = {name: value for name, value in request.args.items() if value and name != "after"}

    def to(**more: str) -> str:
        return f"{path}?{urlencode({**filters, **more})}"

    return {
        "next_href": to(after=next_after) if next_after else "",
        "first_href": to() if request.args.get("after") else "",
        "sheet_href": to(**{"as": "xlsx"}),
    }


def shown_once(write: Callable[[], str], redraw: Redraw) -> Response:
    """As write_once, but what came of it is drawn at once; sent again, it is drawn again."""
    drawn: list[str] = []

    def keep() -> str:
        drawn.append(write())
        return request.path

    answer = write_once(keep, redraw)
    return Response(drawn[0]) if drawn else answer
