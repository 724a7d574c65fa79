"""Photos come out plain, upright and small, or not at all."""

import io

import pytest
from PIL import Image

from gateway.photos import SIDE_MAX, NotAPicture, redrawn
from tests.support.gateway import jpeg


def opened(data: bytes) -> Image.Image:
    """The picture in these bytes."""
    return Image.open(io.BytesIO(data))


def test_place_and_device_are_gone() -> None:
    exif = Image.Exif()
    exif[0x0110] = "Phone 9"
    exif.get_ifd(0x8825)[1] = "N"
    drawn = opened(redrawn(jpeg(exif=exif)))
    assert dict(drawn.getexif()) == {}


def test_a_photo_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(redrawn(jpeg(80, 60, exif=exif))).size == (60, 80)


def test_a_large_photo_becomes_smaller() -> None:
    assert max(opened(redrawn(jpeg(3000, 2000))).size) == SIDE_MAX


def test_what_hides_behind_the_picture_is_gone() -> None:
    assert b"<script>" not in redrawn(jpeg() + b"<script>alert(1)</script>")


def test_a_transparent_png_stands_on_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(out, "PNG")
    assert opened(redrawn(out.getvalue())).getpixel((5, 5)) == (255, 255, 255)


def test_the_same_photo_is_drawn_to_the_same_bytes() -> None:
    assert redrawn(jpeg()) == redrawn(jpeg())


@pytest.mark.parametrize("data", [b"", b"text", jpeg()[:200], b"GIF89a" + b"\0" * 50])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        redrawn(data)


def test_a_picture_bomb_is_refused_by_its_header() -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    assert len(out.getvalue()) < 200_000
    with pytest.raises(NotAPicture):
        redrawn(out.getvalue())
