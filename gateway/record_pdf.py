"""An order's record as PDF (O1): all its fields, each step with its hash, what was said, the proof.

A4 pages with page numbers. The font is STSong-Light, one of the CID fonts that each PDF reader
brings along (Adobe-GB1), so no font file has to be carried in the file. It has no signs beyond the
basic plane: a smiley becomes an empty box.
"""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer

from gateway.looks import (
    channel_words,
    client_words,
    deal_words,
    look_of,
    plain_look,
    role_words,
    step_words,
)
from gateway.ui import local, mask_name, yuan
from services.contracts.orders import MessageView, OrderRecord, OrderView, RecordEntry, Trouble

FONT = "STSong-Light"
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
GREY, RED = Color(0.35, 0.38, 0.36), Color(0.7, 0.1, 0.08)
BEYOND = re.compile(r"[^\u0000-\uffff]|[\ud800-\udfff]")

pdfmetrics.registerFont(UnicodeCIDFont(FONT))

TITLE = ParagraphStyle("title", fontName=FONT, fontSize=18, leading=26, wordWrap="CJK")
HEAD = ParagraphStyle("head", TITLE, fontSize=12.5, leading=18, spaceBefore=12, keepWithNext=1)
TEXT = ParagraphStyle("text", TITLE, fontSize=9.5, leading=14)
SMALL = ParagraphStyle("small", TEXT, fontSize=7.5, leading=10, textColor=GREY)
SUM = ParagraphStyle("sum", TEXT, alignment=TA_RIGHT)
BAD = ParagraphStyle("bad", TEXT, textColor=RED)
LINES = [
    ("LINEBELOW", (0, 0), (-1, -1), 0.3, Color(0.85, 0.87, 0.85)),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 6),
    ("RIGHTPADDING", (0, 0), (-1, -1), 6),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


class Numbered(Canvas):  # type: ignore[misc]
    """Writes 第 2 页，共 5 页 when it is known how many there are."""

    def __init__(self, *args: Any, foot: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._foot = foot
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:
        """Keep the page until the last one is drawn."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Number the pages and write the file."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(FONT, 8)
            self.setFillColor(GREY)
            self.drawString(MARGIN, 10 * mm, self._foot)
            words = f"第 {number} 页，共 {len(self._pages)} 页"
            self.drawRightString(A4[0] - MARGIN, 10 * mm, words)
            super().showPage()
        super().save()


def draw_record(record: OrderRecord, *, keeper: str, printed_at: datetime) -> bytes:
    """The file's bytes; `keeper` is who keeps the record. A pick-up code is never printed."""
    order = record.order
    out = io.BytesIO()
    title = f"订单记录 {order.number}"
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author=keeper,
        invariant=1,
    )
    foot = f"{keeper} · {order.order_id} · 打印于 {_when(printed_at)}"

    def numbered(*args: Any, **kwargs: Any) -> Numbered:
        return Numbered(*args, foot=foot, **kwargs)

    document.build(list(_story(record, title)), canvasmaker=numbered)
    return out.getvalue()


def _story(record: OrderRecord, title: str) -> Iterable[Flowable]:
    order = record.order
    yield _text(f"{title}　{order.store_name}", TITLE)
    yield _proof(record)
    yield _text("订单", HEAD)
    yield _pairs(facts_of(order))
    yield _text("内容", HEAD)
    yield _contents(order)
    if order.pickups:
        yield _text("凭码取走", HEAD)
        yield _pairs(_pickups(order))
    yield _text("时间线", HEAD)
    yield _timeline(record.entries, record.broken_at)
    if record.messages:
        yield _text("对话", HEAD)
        yield _messages(record.messages)
    yield Spacer(0, 6 * mm)
    yield _text(
        "时间线的每一条都带着前一条的散列（SHA-256）：改动、删去或添加任何一条，后面的都对不上。",
        SMALL,
    )


def _proof(record: OrderRecord) -> Flowable:
    if record.whole:
        words = f"记录完整：{len(record.entries)} 条，末尾散列 {record.order.record_hash}"
        return _text(words, TEXT)
    return _text(f"记录不完整：从第 {record.broken_at} 条起对不上，不能作为凭据。", BAD)


def facts_of(order: OrderView) -> list[tuple[str, str]]:
    """Each field that has a value, as label and words."""
    trouble = order.trouble
    state = plain_look(order).word
    if trouble is not Trouble.NONE:
        state = f"{state}（{look_of(trouble, 'trouble').word}）"
    pairs = [
        ("订单编号", order.order_id),
        ("支付单编号", order.payment_id),
        ("状态", state),
        ("怎么给", deal_words(order.fulfilment)),
        ("店铺", f"{order.store_name} {order.store_phone}"),
        ("送到", f"{order.address}{'（不是认证的门）' if order.other_address else ''}"),
        ("下单人", mask_name(order.contact_name)),
        ("备注", order.remark),
        ("从哪里下单", order.client),
        ("支付渠道", channel_words(order.paid_by_channel) if order.paid_by_channel else ""),
        ("付款金额", yuan(order.amount_fen)),
        ("约定金额", yuan(order.agreed_fen) if order.agreed_fen != order.amount_fen else ""),
        ("已退", yuan(order.refunded_fen) if order.refunded_fen else ""),
        ("谁接的单", order.handled_by),
        ("配送员", order.courier_name),
        ("送到门口", "是" if order.delivered_to_door else ""),
        ("取消原因", order.cancel_reason),
        ("补差价的订单", "、".join(order.supplements)),
        ("是哪个订单的补差价", order.supplement_of or ""),
    ]
    return [(label, words) for label, words in [*pairs, *_times(order)] if words.strip()]


def _times(order: OrderView) -> list[tuple[str, str]]:
    times = [
        ("下单时间", order.placed_at),
        ("付款时间", order.paid_at),
        ("要求送达", order.deliver_after),
        ("预约开始", order.slot_from),
        ("预约结束", order.slot_until),
        ("接单时间", order.confirmed_at),
        ("备好时间", order.ready_at),
        ("出发时间", order.dispatched_at),
        ("开始服务", order.started_at),
        ("送达时间", order.delivered_at),
        ("完成时间", order.completed_at),
        ("取消时间", order.cancelled_at),
        ("全部退回", order.refunded_at),
        ("付给商家", order.settled_at),
        ("评价时间", order.reviewed_at),
    ]
    return [(label, _when(at)) for label, at in times if at]


def _contents(order: OrderView) -> Flowable:
    rows = [
        [
            _text(f"{line.item_name} {line.sku_name}"),
            _text(f"{yuan(line.price_fen)} × {line.quantity}"),
            _text("；".join(f"{a.label} {yuan(a.amount_fen)}" for a in line.adjustments)),
            _text(yuan(line.amount_fen), SUM),
        ]
        for line in order.lines
    ]
    rows.append([_text("合计"), "", "", _text(yuan(order.agreed_fen or order.amount_fen), SUM)])
    return _table(rows, (0.42, 0.2, 0.22, 0.16))


def _pickups(order: OrderView) -> list[tuple[str, str]]:
    names = {line.sku_id: f"{line.item_name} {line.sku_name}".strip() for line in order.lines}
    return [
        (
            _when(pickup.at),
            "、".join(f"{names.get(one.sku_id, '商品')}×{one.quantity}" for one in pickup.lines)
            + f"　{pickup.by}",
        )
        for pickup in order.pickups
    ]


def _timeline(entries: Sequence[RecordEntry], broken_at: int | None) -> Flowable:
    rows = []
    for entry in entries:
        broken = broken_at is not None and entry.seq >= broken_at
        who = f"{role_words(entry.party)} {entry.actor_name}".strip()
        client = f" · {client_words(entry.client)} {entry.client}" if entry.client else ""
        rows.append(
            [
                _text(str(entry.seq), BAD if broken else TEXT),
                _text(_when(entry.at)),
                [
                    _text(f"{step_words(entry.step)}　{entry.note}", BAD if broken else TEXT),
                    _text(f"{who}{client}", SMALL),
                    _text(f"{'对不上 ' if broken else ''}{entry.hash}", SMALL),
                ],
            ]
        )
    return _table(rows, (0.06, 0.24, 0.7))


def _messages(messages: Sequence[MessageView]) -> Flowable:
    rows = []
    for said in messages:
        to = f" → {role_words(said.to)}" if said.to else ""
        photos = f"（照片 {len(said.photos)} 张）" if said.photos else ""
        rows.append(
            [
                _text(_when(said.at)),
                _text(f"{role_words(said.party)} {said.name}{to}"),
                _text(f"{said.text}{photos}"),
            ]
        )
    return _table(rows, (0.22, 0.22, 0.56))


def _pairs(pairs: Iterable[tuple[str, str]]) -> Flowable:
    return _table([[_text(label), _text(words)] for label, words in pairs], (0.24, 0.76))


def _table(rows: list[Any], shares: Sequence[float]) -> Flowable:
    return LongTable(rows, colWidths=[WIDTH * share for share in shares], style=LINES)


def _text(words: str, style: ParagraphStyle = TEXT) -> Paragraph:
    """A paragraph on as few lines as it needs; what people wrote is never taken for markup."""
    return Paragraph(escape(BEYOND.sub("□", " ".join(words.split()))), style)


def _when(moment: datetime) -> str:
    return local(moment).strftime("%Y-%m-%d %H:%M:%S")
