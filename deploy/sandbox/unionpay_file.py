"""UnionPay's settlement file of a clearing day, which ends at 23:00.

Source: UnionPay 「全渠道平台接入接口规范 第3部分 文件接口」: a zip, deflated and in Base64, with
`INN<date>88ZM_<merchant>`: fields of fixed length parted by a space, in GBK. What the merchant pays
is D, what it gets is C; a refund gives its share of the fee back.
"""

import base64
import io
import zipfile
import zlib
from datetime import datetime, timedelta

from deploy.sandbox import channel_trades, clock
from deploy.sandbox.bill_faults import Entry, falsified, fee_of
from deploy.sandbox.channel_trades import UNIONPAY
from deploy.sandbox.world import World

LENGTHS = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2),
    *(6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98),
)
CUT_BEFORE_MIDNIGHT_S = 3600


def of_day(world: World, settle_date: str) -> tuple[str, str] | None:
    """Name and content of the file of MMDD; nothing when there is none (yet)."""
    day = _latest(settle_date)
    if day is None:
        return None
    first, end = (edge - CUT_BEFORE_MIDNIGHT_S for edge in clock.day_bounds(f"{day:%Y-%m-%d}"))
    same_day = world.knobs.settings.bill_same_day
    if first > clock.now() if not same_day else first > clock.now() + 86_400:
        return None
    if not same_day and end > clock.now():
        return None
    days = [f"{day - timedelta(days=1):%Y-%m-%d}", f"{day:%Y-%m-%d}"]
    lines = [entry for one in days for entry in entries(world, one) if first <= entry.at < end]
    if not lines and not same_day:
        return None
    mer_id = world.channels.unionpay.mer_id
    return f"{mer_id}_{day:%Y%m%d}.zip", _packed(mer_id, f"{day:%y%m%d}", lines)


def entries(world: World, day: str) -> list[Entry]:
    """A Beijing day's payments and refunds, falsified as asked for."""
    first, end = clock.day_bounds(day)
    paid = [
        Entry(
            at=row["paid_at"],
            out_trade_no=row["out_trade_no"],
            transaction_id=row["trade_no"],
            amount_fen=row["total_fen"],
            fee_fen=fee_of(UNIONPAY, row["total_fen"]),
        )
        for row in channel_trades.paid_between(world, UNIONPAY, first, end)
    ]
    refunds = [
        Entry(
            at=row["success_at"],
            out_trade_no=row["out_trade_no"],
            transaction_id=row["trade_no"],
            amount_fen=row["amount_fen"],
            fee_fen=-fee_of(UNIONPAY, row["amount_fen"]),
            out_refund_no=row["out_refund_no"],
            refund_no=row["refund_no"],
        )
        for row in channel_trades.refunds_between(world, UNIONPAY, first, end)
    ]
    return falsified(world, UNIONPAY, day, paid + refunds)


def line(entry: Entry, mer_id: str) -> bytes:
    """One ZM line."""
    back = bool(entry.out_refund_no)
    amount_fen = -entry.amount_fen if back else entry.amount_fen
    at = clock.bill_time(entry.at).translate(_DIGITS_ONLY)[4:]
    number = entry.refund_no if back else entry.transaction_id
    told = {
        1: "S30" if back else "S22",
        2: "00049992",
        3: "00049992",
        4: number[-6:],
        5: at,
        6: "6226********0048",
        7: f"{entry.amount_fen:012d}",
        8: "7299",
        9: "07",
        10: number,
        12: entry.reference,
        13: "01",
        16: _directed(-entry.fee_fen),
        17: _directed(amount_fen - entry.fee_fen),
        20: "04" if back else "01",
        21: "00" if back else "01",
        22: "000201",
        27: entry.transaction_id if back else "",
        28: mer_id,
        33: _directed(amount_fen - entry.fee_fen),
        41: entry.out_trade_no if back else "",
    }
    fields = [told.get(number, "") for number in range(1, len(LENGTHS) + 1)]
    return b" ".join(
        text.encode("gbk").ljust(length) for text, length in zip(fields, LENGTHS, strict=True)
    )


def _packed(mer_id: str, date: str, lines: list[Entry]) -> str:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as folder:
        content = b"".join(line(entry, mer_id) + b"\r\n" for entry in lines)
        folder.writestr(f"INN{date}88ZM_{mer_id}", content)
        folder.writestr(f"INN{date}88ZME_{mer_id}", b"")
    return base64.b64encode(zlib.compress(data.getvalue())).decode()


def _directed(fen: int) -> str:
    """C for what the merchant gets, D for what it pays."""
    return f"{'D' if fen < 0 else 'C'}{abs(fen):012d}"


def _latest(settle_date: str) -> datetime | None:
    """The day of MMDD that is nearest to today and at most tomorrow."""
    tomorrow = datetime.fromtimestamp(clock.now(), clock.BEIJING) + timedelta(days=1)
    for year in (tomorrow.year, tomorrow.year - 1):
        try:
            day = datetime.strptime(f"{year}{settle_date}", "%Y%m%d").replace(tzinfo=clock.BEIJING)
        except ValueError:
            continue
        if day <= tomorrow:
            return day
    return None


_DIGITS_ONLY = str.maketrans("", "", "-: ")
