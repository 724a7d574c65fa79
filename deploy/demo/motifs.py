"""The signs on the demo's goods: a dozen simple things, drawn with circles, boxes and lines.

Each takes the drawing of a picture of 1280 × 1280, whose white plate is centred at (640, 530), and
a seed from which its colours follow.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import ImageDraw

Colour = tuple[int, int, int]
Motif = Callable[[ImageDraw.ImageDraw, int], None]
BRIGHT: tuple[Colour, ...] = (
    (229, 92, 72),
    (242, 158, 46),
    (84, 166, 92),
    (66, 140, 204),
    (150, 104, 190),
    (226, 110, 150),
    (60, 160, 160),
)
DARK: Colour = (70, 62, 58)


def tint(seed: int, step: int = 0) -> Colour:
    """A bright colour that follows from the seed."""
    return BRIGHT[(seed // 3 + step) % len(BRIGHT)]


def bowl(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A bowl with what steams in it, and chopsticks."""
    for x in (520, 640, 760):
        draw.arc((x - 40, 210, x + 40, 330), 90, 270, fill=(206, 196, 188), width=16)
    draw.line((700, 470, 960, 270), fill=(150, 98, 56), width=18)
    draw.line((750, 480, 1000, 300), fill=(150, 98, 56), width=18)
    draw.ellipse((360, 400, 920, 580), fill=(252, 228, 178))
    for number in range(5):
        x = 440 + number * 84 + seed % 20
        draw.ellipse(
            (x, 430 + number % 2 * 40, x + 90, 500 + number % 2 * 40), fill=tint(seed, number)
        )
    draw.chord((340, 250, 940, 800), 0, 180, fill=tint(seed))
    draw.rounded_rectangle((540, 770, 740, 820), 20, fill=tint(seed))


def leaf(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """Leaves on one stalk."""
    green = ((84, 166, 92), (116, 184, 88), (62, 142, 96))[seed % 3]
    draw.line((640, 800, 640, 330), fill=(74, 128, 70), width=24)
    for top, side in ((560, -1), (500, 1), (400, -1), (350, 1)):
        left = 640 - 250 if side < 0 else 640
        draw.ellipse((left, top, left + 250, top + 130), fill=green)
    draw.ellipse((570, 230, 710, 440), fill=green)


def pot(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """Flowers in a pot."""
    leaf(draw, seed)
    for x, y in ((640, 260), (450, 400), (830, 380)):
        for dx, dy in ((-50, 0), (50, 0), (0, -50), (0, 50)):
            draw.ellipse((x + dx - 46, y + dy - 46, x + dx + 46, y + dy + 46), fill=tint(seed))
        draw.ellipse((x - 34, y - 34, x + 34, y + 34), fill=(250, 214, 90))
    draw.polygon([(480, 640), (800, 640), (750, 830), (530, 830)], fill=(190, 112, 76))


def fish(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A fish with scales."""
    body = tint(seed, 3)
    draw.polygon([(780, 530), (980, 390), (980, 670)], fill=body)
    draw.ellipse((310, 370, 850, 690), fill=body)
    for number in range(4):
        x = 480 + number * 76
        draw.arc((x, 450, x + 110, 610), 100, 260, fill=(255, 255, 255), width=12)
    draw.ellipse((385, 470, 445, 530), fill=(255, 255, 255))
    draw.ellipse((402, 486, 436, 520), fill=DARK)


def cake(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A cake with a cherry."""
    draw.rounded_rectangle((380, 540, 900, 780), 40, fill=(240, 200, 140))
    draw.rounded_rectangle((380, 440, 900, 600), 40, fill=(255, 246, 232))
    for number in range(6):
        x = 390 + number * 85
        draw.ellipse((x, 540, x + 85, 640), fill=(255, 246, 232))
    draw.rectangle((380, 680, 900, 712), fill=tint(seed))
    draw.ellipse((575, 310, 705, 440), fill=(218, 60, 66))
    draw.line((650, 320, 700, 230), fill=(92, 128, 70), width=14)


def bottle(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A bottle and a box beside it."""
    draw.rounded_rectangle((420, 400, 640, 810), 50, fill=tint(seed))
    draw.rectangle((480, 270, 580, 420), fill=tint(seed))
    draw.rounded_rectangle((465, 220, 595, 290), 18, fill=DARK)
    draw.rounded_rectangle((440, 520, 620, 690), 20, fill=(255, 250, 238))
    draw.rounded_rectangle((690, 490, 900, 810), 24, fill=tint(seed, 2))
    draw.rounded_rectangle((720, 580, 870, 700), 16, fill=(255, 250, 238))


def shirt(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A shirt on a hanger."""
    draw.arc((590, 190, 690, 300), 150, 420, fill=DARK, width=16)
    outline = [(480, 330), (580, 300), (640, 360), (700, 300), (800, 330), (940, 490), (840, 570)]
    outline += [(790, 520), (790, 810), (490, 810), (490, 520), (440, 570), (340, 490)]
    draw.polygon(outline, fill=tint(seed))
    draw.line((640, 380, 640, 800), fill=(255, 255, 255), width=10)
    for y in (450, 540, 630, 720):
        draw.ellipse((655, y, 679, y + 24), fill=(255, 255, 255))


def bed(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A pillow on a folded quilt."""
    for number in range(3):
        top = 560 + number * 84
        draw.rounded_rectangle((350, top, 930, top + 100), 46, fill=tint(seed, number))
    draw.rounded_rectangle(
        (410, 380, 870, 590), 90, fill=(255, 246, 232), outline=tint(seed), width=12
    )
    draw.arc((470, 430, 810, 540), 20, 160, fill=tint(seed), width=10)


def tool(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A spanner across a screwdriver."""
    draw.line((400, 760, 760, 400), fill=(120, 128, 136), width=70)
    draw.ellipse((690, 270, 910, 490), fill=(120, 128, 136))
    draw.polygon([(800, 380), (960, 300), (880, 220)], fill=(255, 255, 255))
    draw.line((880, 760, 600, 480), fill=(90, 96, 104), width=34)
    draw.line((620, 500, 420, 300), fill=tint(seed), width=96)


def key(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A key."""
    draw.line((600, 560, 860, 820), fill=(206, 160, 60), width=56)
    draw.line((770, 730, 850, 650), fill=(206, 160, 60), width=44)
    draw.line((690, 650, 750, 590), fill=(206, 160, 60), width=44)
    draw.ellipse((350, 270, 690, 610), fill=(222, 178, 74))
    draw.ellipse((440, 360, 560, 480), fill=(255, 255, 255))
    draw.rounded_rectangle((380, 560, 460, 700), 20, fill=tint(seed))


def wheels(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A small car."""
    draw.rounded_rectangle((430, 380, 830, 580), 90, fill=tint(seed))
    draw.rounded_rectangle((480, 420, 620, 530), 30, fill=(214, 234, 244))
    draw.rounded_rectangle((650, 420, 780, 530), 30, fill=(214, 234, 244))
    draw.rounded_rectangle((320, 520, 960, 700), 70, fill=tint(seed))
    for x in (450, 830):
        draw.ellipse((x - 85, 620, x + 85, 790), fill=DARK)
        draw.ellipse((x - 40, 665, x + 40, 745), fill=(230, 230, 230))
    draw.ellipse((900, 570, 950, 620), fill=(255, 232, 140))


def clean(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A bucket with a brush and bubbles."""
    draw.line((600, 560, 880, 240), fill=(158, 112, 70), width=32)
    draw.polygon([(430, 520), (830, 520), (780, 820), (480, 820)], fill=tint(seed))
    draw.ellipse((430, 470, 830, 570), fill=(222, 242, 250))
    for x, y, r in ((470, 420, 50), (560, 360, 36), (700, 430, 44), (420, 320, 28), (800, 400, 26)):
        draw.ellipse(
            (x - r, y - r, x + r, y + r), fill=(196, 228, 244), outline=(120, 180, 214), width=6
        )


def scissors(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """Scissors and a comb's teeth."""
    draw.line((470, 300, 760, 700), fill=(140, 148, 156), width=40)
    draw.line((800, 300, 510, 700), fill=(116, 124, 132), width=40)
    draw.ellipse((390, 640, 570, 820), outline=tint(seed), width=44)
    draw.ellipse((700, 640, 880, 820), outline=tint(seed), width=44)
    draw.ellipse((612, 480, 660, 528), fill=DARK)


def paw(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A paw."""
    draw.ellipse((470, 510, 810, 800), fill=tint(seed))
    for x, y in ((400, 430), (530, 330), (690, 330), (820, 430)):
        draw.ellipse((x - 10, y, x + 110, y + 150), fill=tint(seed))


def lamp(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A lamp that shines; for what runs on electricity."""
    draw.ellipse((450, 300, 830, 680), fill=(255, 222, 110))
    draw.rounded_rectangle((560, 650, 720, 790), 24, fill=(150, 156, 164))
    for y in (690, 735):
        draw.line((560, y, 720, y), fill=(110, 116, 124), width=12)
    draw.line((580, 520, 620, 460, 660, 520, 700, 460), fill=(226, 140, 40), width=16)
    draw.ellipse((600, 780, 680, 830), fill=tint(seed))


def shoe(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A child's shoe."""
    draw.rounded_rectangle((360, 380, 640, 720), 70, fill=tint(seed))
    draw.pieslice((380, 500, 940, 960), 180, 360, fill=tint(seed))
    draw.rounded_rectangle((340, 690, 950, 780), 40, fill=(250, 246, 238), outline=DARK, width=10)
    for y in (430, 500, 570):
        draw.line((560, y, 680, y + 30), fill=(255, 255, 255), width=22)


def sack(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A bag of something to nibble."""
    draw.rounded_rectangle((420, 300, 860, 810), 40, fill=tint(seed))
    for x in range(420, 860, 44):
        draw.polygon([(x, 300), (x + 44, 300), (x + 22, 260)], fill=tint(seed))
    draw.ellipse((500, 420, 780, 640), fill=(255, 250, 238))
    for x, y in ((560, 480), (640, 520), (700, 470)):
        draw.ellipse((x, y, x + 60, y + 90), fill=tint(seed, 1))


def round_of(colour: Colour) -> Motif:
    """A round fruit or root of its own colour."""

    def draw_round(draw: ImageDraw.ImageDraw, seed: int) -> None:
        light = (
            min(255, colour[0] + 24),
            min(255, colour[1] + 24),
            min(255, colour[2] + 24),
        )
        draw.ellipse((640, 430, 940, 730), fill=light)
        draw.ellipse((350, 350, 780, 780), fill=colour)
        draw.ellipse((430, 420, 520, 510), fill=(255, 255, 255))
        draw.line((565, 370, 590, 260), fill=(112, 78, 48), width=22)
        draw.chord((580, 220, 800, 400), 160, 340, fill=(92, 168, 84))

    return draw_round


def card(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A card with a stripe, and a coin on its corner."""
    draw.rounded_rectangle((340, 350, 940, 730), 44, fill=tint(seed))
    draw.rectangle((340, 430, 940, 500), fill=DARK)
    draw.rounded_rectangle((400, 590, 640, 640), 20, fill=(255, 250, 238))
    draw.ellipse((790, 590, 1010, 810), fill=(244, 208, 72))
    draw.ellipse((825, 625, 975, 775), outline=(204, 164, 60), width=14)


def box(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """A parcel with a ribbon: what has no sign of its own."""
    draw.rounded_rectangle((380, 380, 900, 800), 30, fill=tint(seed))
    draw.rectangle((600, 380, 680, 800), fill=(255, 250, 238))
    draw.rounded_rectangle((350, 340, 930, 450), 24, fill=tint(seed, 1))
    draw.rectangle((600, 340, 680, 450), fill=(255, 250, 238))


BY_WORD: tuple[tuple[str, Motif], ...] = (
    ("会员卡", card),
    ("早餐 面食 汤 小菜 豆制品 净菜", bowl),
    ("水果 果切", round_of((242, 158, 46))),
    ("蔬菜", leaf),
    ("绿植 鲜花", pot),
    ("鲜鱼 虾蟹 贝类", fish),
    ("面包 蛋糕 甜点 饼干 饼 冷饮", cake),
    ("零食", sack),
    ("童鞋", shoe),
    ("米面 食用油 调料 干货 饮料 乳品 日用 禽蛋 用品", bottle),
    ("洗衣 修改 修补 定做 童装 配件", shirt),
    ("床品 枕头 毛巾 加工 家居", bed),
    ("开锁 换锁 配钥匙 安防", key),
    ("灯具 电路 电器 数码 空调 电池", lamp),
    ("洗车 保养 代办 代驾", wheels),
    ("保洁 服务", clean),
    ("理发", scissors),
    ("宠物", paw),
    ("水管 维修", tool),
)


BY_COLOUR: tuple[tuple[str, Colour], ...] = (
    ("苹果 草莓 西红柿", (222, 66, 62)),
    ("香蕉 香梨", (244, 208, 72)),
    ("脐橙 胡萝卜 哈密瓜", (240, 142, 44)),
    ("西瓜 猕猴桃", (86, 160, 78)),
    ("葡萄 茄子", (124, 78, 160)),
    ("土豆 山药", (204, 164, 106)),
)
"""Fruit and roots that everybody knows by their colour."""


def motif_of(name: str, category: str) -> Motif:
    """The sign for a good: by its colour, its category, or a word in its name."""
    if "鞋" in name:
        return shoe
    for words, colour in BY_COLOUR:
        if category in ("水果", "蔬菜") and any(word in name for word in words.split()):
            return round_of(colour)
    for words, motif in BY_WORD:
        if category in words.split():
            return motif
    for words, motif in BY_WORD:
        if any(word in name for word in words.split()):
            return motif
    return box
