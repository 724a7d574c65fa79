"""A property fee receipt as PDF: one A5 page, small, made in a millisecond or two.

The font is STSong-Light, one of the CID fonts that each PDF reader brings along (Adobe-GB1), so no
font file has to be carried in the page.
"""

import io
from dataclasses import dataclass
from datetime import datetime

from reportlab.lib.pagesizes import A5, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from services.kernel.capitals import capitals
from services.kernel.money import as_yuan
from services.settlement.domain.days import BEIJING

FONT = "STSong-Light"
MARGIN, LINE = 42, 25
WIDTH, HEIGHT = landscape(A5)

pdfmetrics.registerFont(UnicodeCIDFont(FONT))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What stands on it."""

    number: str
    payee: str
    debtor: str
    payer: str
    title: str
    period: str
    external_number: str
    amount_fen: int
    way: str
    paid_at: datetime
    stamp: str = ""
    """Over the page: 已冲正, where it does not count any more."""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Label and words, line by line."""
        paid_at = self.paid_at.astimezone(BEIJING)
        return [
            ("缴费户", self.debtor),
            ("缴款人", self.payer),
            ("项目", f"{self.title}  {self.period}"),
            ("账单号", self.external_number),
            ("缴费方式", self.way),
            ("缴费时间", paid_at.strftime("%Y-%m-%d %H:%M")),
            ("金额（大写）", f"人民币{capitals(self.amount_fen)}"),
            ("金额（小写）", f"¥{as_yuan(self.amount_fen)}"),
        ]


def draw_receipt(receipt: Receipt) -> bytes:
    """The page's bytes: the same for the same receipt."""
    out = io.BytesIO()
    page = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    page.setTitle(f"物业费收据 {receipt.number}")
    page.setAuthor(receipt.payee)
    _head(page, receipt)
    y = HEIGHT - 112
    for label, words in receipt.lines:
        page.setFont(FONT, 11)
        page.drawString(MARGIN, y, label)
        _fit(page, words, y)
        page.setLineWidth(0.4)
        page.line(MARGIN + 84, y - 6, WIDTH - MARGIN, y - 6)
        y -= LINE
    page.setFont(FONT, 11)
    page.drawString(MARGIN, y - 8, f"收款单位：{receipt.payee}")
    if receipt.stamp:
        _stamp(page, receipt.stamp)
    page.save()
    return out.getvalue()


def _head(page: Canvas, receipt: Receipt) -> None:
    page.setFont(FONT, 22)
    page.drawCentredString(WIDTH / 2, HEIGHT - 58, "物业费收据")
    page.setFont(FONT, 11)
    page.drawRightString(WIDTH - MARGIN, HEIGHT - 84, f"No. {receipt.number}")


def _fit(page: Canvas, words: str, y: float) -> None:
    """In a smaller size where the words are long; cut where even that is not enough."""
    room, size = WIDTH - 2 * MARGIN - 88, 12.0
    while page.stringWidth(words, FONT, size) > room and size > 8:
        size -= 0.5
    while page.stringWidth(words, FONT, size) > room:
        words = words[:-2] + "…"
    page.setFont(FONT, size)
    page.drawString(MARGIN + 88, y, words)


def _stamp(page: Canvas, words: str) -> None:
    page.saveState()
    page.setStrokeColorRGB(0.75, 0.1, 0.1)
    page.setFillColorRGB(0.75, 0.1, 0.1)
    page.translate(WIDTH - 150, HEIGHT - 170)
    page.rotate(18)
    page.setLineWidth(2)
    page.roundRect(-62, -14, 124, 44, 6)
    page.setFont(FONT, 24)
    page.drawCentredString(0, 0, words)
    page.restoreState()
