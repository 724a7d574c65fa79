"""Pictures for the demo, drawn by the program: goods, storefronts and couriers' portraits.

Each picture follows from its words alone, so that a demo looks the same every time. Drawn at
twice the size and halved, which smooths the edges. Without a Chinese font the words are left out.
"""

from __future__ import annotations

import io
import zlib
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from deploy.demo.motifs import Colour, motif_of

SIDE = 640
BIG = SIDE * 2
WEBP_QUALITY = 72
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)
GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((255, 243, 224), (255, 204, 138)),
    ((232, 245, 233), (165, 214, 167)),
    ((227, 242, 253), (144, 202, 249)),
    ((252, 228, 236), (244, 160, 190)),
    ((243, 229, 245), (206, 147, 216)),
    ((255, 249, 196), (255, 224, 100)),
    ((224, 247, 250), (128, 205, 214)),
    ((239, 235, 233), (200, 178, 166)),
)
SIGNS: tuple[Colour, ...] = (
    (176, 42, 48),
    (1, 121, 60),
    (25, 88, 150),
    (142, 78, 12),
    (96, 52, 140),
    (14, 110, 116),
)
SKINS: tuple[Colour, ...] = ((255, 219, 190), (246, 203, 168), (234, 184, 144))
HAIRS: tuple[Colour, ...] = ((38, 32, 30), (60, 44, 36), (86, 82, 80))


def seed_of(words: str) -> int:
    """A number that follows from the words."""
    return zlib.crc32(words.encode())


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | None:
    """The first Chinese font that is installed, or none."""
    for path in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size, index=2 if "Noto" in path else 0)
    return None


@lru_cache(maxsize=len(GROUNDS))
def ground(number: int) -> Image.Image:
    """A soft slope from a light to a fuller colour; callers draw on a copy."""
    light, full = GROUNDS[number]
    slope = Image.linear_gradient("L").resize((BIG, BIG))
    return Image.composite(
        Image.new("RGB", (BIG, BIG), full), Image.new("RGB", (BIG, BIG), light), slope
    )


def write_words(
    draw: ImageDraw.ImageDraw, words: str, y: int, size: int, colour: Colour, width: int
) -> None:
    """The words in the middle at height y, smaller if they would be wider than `width`."""
    face = font(size)
    while face is not None and size > 40 and draw.textlength(words, font=face) > width:
        size -= 8
        face = font(size)
    if face is not None:
        draw.text((BIG // 2, y), words, font=face, fill=colour, anchor="mm")


def webp(image: Image.Image) -> bytes:
    """Halved and packed."""
    out = io.BytesIO()
    image.reduce(2).save(out, "WEBP", quality=WEBP_QUALITY, method=4)
    return out.getvalue()


def picture_of_good(name: str, category: str) -> bytes:
    """A good or a service: its sign on a coloured ground, its name below."""
    seed = seed_of(name)
    image = ground(seed % len(GROUNDS)).copy()
    draw = ImageDraw.Draw(image)
    draw.ellipse((240, 130, 1040, 930), fill=(255, 255, 255))
    motif_of(name, category)(draw, seed)
    draw.rounded_rectangle((80, 1010, 1200, 1210), 60, fill=(255, 255, 255))
    write_words(draw, name, 1108, 128, (38, 44, 40), 1040)
    return webp(image)


def picture_of_store(name: str, kind: str) -> bytes:
    """A shop front: sign, striped awning, window and door."""
    seed = seed_of(name + kind)
    sign = SIGNS[seed % len(SIGNS)]
    image = ground(seed // 7 % len(GROUNDS)).copy()
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 1120, BIG, BIG), fill=(176, 182, 178))
    draw.rectangle((110, 190, 1170, 1120), fill=(250, 247, 240))
    draw.rounded_rectangle((90, 170, 1190, 420), 28, fill=sign)
    write_words(draw, name, 292, 150, (255, 255, 255), 1020)
    draw_awning(draw, sign)
    draw.rounded_rectangle((180, 640, 690, 1010), 20, fill=(196, 226, 240))
    draw.polygon([(180, 900), (430, 640), (520, 640), (180, 990)], fill=(222, 240, 248))
    motif_small(draw, seed)
    draw.rounded_rectangle((780, 630, 1080, 1120), 20, fill=(122, 84, 54))
    draw.rounded_rectangle((820, 670, 1040, 930), 14, fill=(196, 226, 240))
    draw.ellipse((1016, 950, 1052, 986), fill=(244, 208, 96))
    return webp(image)


def draw_awning(draw: ImageDraw.ImageDraw, sign: Colour) -> None:
    """Stripes in the colour of the sign and white, with round ends."""
    for number in range(10):
        left = 110 + number * 106
        colour = sign if number % 2 == 0 else (255, 255, 255)
        draw.rectangle((left, 420, left + 106, 540), fill=colour)
        draw.ellipse((left, 490, left + 106, 596), fill=colour)


def motif_small(draw: ImageDraw.ImageDraw, seed: int) -> None:
    """What stands in the window: a few boxes in colours that follow from the seed."""
    for number in range(4):
        colour = SIGNS[(seed >> number * 3) % len(SIGNS)]
        left, top = 225 + number * 112, 1000 - 90 - (seed >> number * 2) % 5 * 26
        draw.rounded_rectangle((left, top, left + 84, 1004), 14, fill=colour)


def picture_of_courier(name: str) -> bytes:
    """A portrait as on a badge: a drawn face, a cap or hair, a work jacket."""
    seed = seed_of(name)
    skin, hair = SKINS[seed % len(SKINS)], HAIRS[seed // 3 % len(HAIRS)]
    jacket = SIGNS[seed // 11 % len(SIGNS)]
    image = ground(seed // 5 % len(GROUNDS)).copy()
    draw = ImageDraw.Draw(image)
    draw.ellipse((190, 900, 1090, 1700), fill=jacket)
    draw.polygon([(520, 880), (760, 880), (640, 1080)], fill=(250, 250, 250))
    draw.rounded_rectangle((540, 760, 740, 980), 80, fill=skin)
    draw.ellipse((340, 250, 940, 910), fill=skin)
    draw.ellipse((300, 520, 380, 660), fill=skin)
    draw.ellipse((900, 520, 980, 660), fill=skin)
    draw_hair(draw, seed, hair, jacket)
    draw_face(draw, seed, hair)
    return webp(image)


def draw_hair(draw: ImageDraw.ImageDraw, seed: int, hair: Colour, jacket: Colour) -> None:
    """A cap in the jacket's colour, short hair, or long hair."""
    draw.pieslice((320, 190, 960, 800), 180, 360, fill=hair)
    if seed % 3 == 0:
        draw.pieslice((310, 170, 970, 760), 180, 360, fill=jacket)
        draw.rounded_rectangle((290, 440, 990, 510), 34, fill=jacket)
    elif seed % 3 == 1:
        draw.rectangle((320, 480, 390, 800), fill=hair)
        draw.rectangle((890, 480, 960, 800), fill=hair)
    else:
        draw.pieslice((380, 360, 900, 620), 180, 360, fill=SKINS[seed % len(SKINS)])


def draw_face(draw: ImageDraw.ImageDraw, seed: int, hair: Colour) -> None:
    """Eyes, brows, a nose, a friendly mouth; some wear glasses."""
    for x in (520, 760):
        draw.ellipse((x - 28, 590, x + 28, 646), fill=(34, 30, 30))
        draw.ellipse((x - 4, 600, x + 14, 618), fill=(255, 255, 255))
        draw.line((x - 60, 545, x + 60, 545 - seed % 3 * 8), fill=hair, width=18)
        if seed % 5 == 0:
            draw.ellipse((x - 85, 535, x + 85, 705), outline=(60, 60, 64), width=12)
    draw.line((640, 640, 624, 716, 652, 722), fill=(196, 140, 108), width=12)
    draw.arc((540, 640, 740, 810), 25, 155, fill=(176, 72, 64), width=18)
