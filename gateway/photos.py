"""Photos are drawn anew before they are kept: no EXIF (place, device), no payload, no giants."""

import io
import warnings
from functools import lru_cache

from PIL import Image, ImageOps, UnidentifiedImageError

from services.kernel.errors import Malformed

PIXELS_MAX = 40_000_000
SIDE_MAX = 1600
SMALL_SIDE = 240
QUALITY = 82
_FORMATS = ("JPEG", "PNG", "WEBP")


class NotAPicture(Malformed):
    """The file is not a JPEG, PNG or WebP that opens, or has too many pixels."""

    code = "files.not_a_picture"


def redrawn(data: bytes, side_max: int = SIDE_MAX) -> bytes:
    """The picture as a plain JPEG, upright, at most `side_max` pixels a side; else NotAPicture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                # The size stands in the header: a bomb is refused before a pixel is unpacked.
                if picture.width * picture.height > PIXELS_MAX:
                    raise NotAPicture(f"more than {PIXELS_MAX} pixels")
                picture.draft("RGB", (side_max, side_max))
                return _as_jpeg(ImageOps.exif_transpose(picture), side_max)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        raise NotAPicture(str(error)) from error


def _as_jpeg(picture: Image.Image, side_max: int) -> bytes:
    picture.thumbnail((side_max, side_max))
    flat = Image.new("RGB", picture.size, "white")
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        flat.paste(layer, mask=layer.getchannel("A"))
    else:
        flat.paste(picture.convert("RGB"))
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


@lru_cache(maxsize=512)
def small(data: bytes) -> bytes:
    """A list's little version of a stored picture; about 10 kB each are remembered."""
    return redrawn(data, SMALL_SIDE)
