"""UnionPay's settlement file, of which a Beijing day's bill is put together.

Source: UnionPay 「全渠道平台接入接口规范 第3部分 文件接口」: `fileContent` is Base64 over
deflated bytes of a zip; `INN<date>88ZM_<merchant>` holds the transactions in GBK, fields of fixed
length parted by a space. Clearing days end at 23:00, so that a Beijing day lies in two files.
"""

import base64
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from services.contracts.settlement import RefundState
from services.kernel.errors import InvariantBroken
from services.settlement.channels import unionpay_words
from services.settlement.domain.channel import BillLine

LENGTHS = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2),
    *(6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32),
)
"""The first 41 fields of a ZM line; what follows is reserved."""
TXN_TIME, TXN_AMT, QUERY_ID, ORDER_ID, FEE, TXN_TYPE, ORIG_ORDER_ID = 5, 7, 10, 12, 16, 20, 41
"""Numbers of the fields that are read, counted from 1 as the specification does."""
UNPACKED_MAX = 512 * 1024 * 1024


def settle_days(day: date) -> tuple[date, date]:
    """The clearing days that hold a Beijing day: until 23:00 the same, then the next."""
    return day, day + timedelta(days=1)


def lines(told: Mapping[str, str], day: date) -> Iterator[BillLine]:
    """The file's transactions of that Beijing day; InvariantBroken for an unknown form."""
    try:
        inflater = zlib.decompressobj()
        packed = inflater.decompress(base64.b64decode(told["fileContent"]), UNPACKED_MAX)
        with zipfile.ZipFile(io.BytesIO(packed), metadata_encoding="gbk") as folder:
            for name in folder.namelist():
                if name.startswith("INN") and name[11:14] == "ZM_":
                    with folder.open(name) as raw:
                        yield from _of_day(raw, day)
    except (zlib.error, zipfile.BadZipFile, ValueError, KeyError) as error:
        raise InvariantBroken(f"UnionPay's file has an unknown form: {error!r}") from error


def _of_day(raw: Iterator[bytes], day: date) -> Iterator[BillLine]:
    for row in raw:
        text = row.rstrip(b"\r\n")
        if not text:
            continue
        fields = cut(text)
        if fields[TXN_TIME][:4] == day.strftime("%m%d"):
            yield _line(fields)


def cut(row: bytes) -> dict[int, str]:
    """The fields of a line by their numbers; ValueError when it is too short."""
    fields, start = {}, 0
    if len(row) < sum(LENGTHS) + len(LENGTHS) - 1:
        raise ValueError("a line that is too short")
    for number, length in enumerate(LENGTHS, start=1):
        fields[number] = row[start : start + length].decode("gbk").strip()
        start += length + 1
    return fields


def _line(fields: Mapping[int, str]) -> BillLine:
    # Whatever is not a payment takes money back: refunds, and reversals made at UnionPay's desk.
    back = fields[TXN_TYPE] != unionpay_words.PAYMENT
    return BillLine(
        out_trade_no=fields[ORIG_ORDER_ID] if back else fields[ORDER_ID],
        amount_fen=int(fields[TXN_AMT]),
        out_refund_no=fields[ORDER_ID] if back else "",
        refund_state=RefundState.DONE if back else None,
        fee_fen=_debit(fields[FEE]),
        transaction_id=fields[QUERY_ID],
    )


def _debit(text: str) -> int:
    """`D000000000006` (taken from the merchant) as 6, `C…` (given) as -6."""
    if text[:1] not in ("C", "D"):
        raise ValueError(f"an amount of an unknown direction: {text!r}")
    return int(text[1:]) if text[0] == "D" else -int(text[1:])
