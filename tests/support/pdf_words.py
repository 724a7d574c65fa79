"""What a PDF of ours writes: STSong-Light's strings are UTF-16, with octal escapes."""

import re
import zlib
from base64 import a85decode

CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[list[str]]:
    """Page by page, each string as it is drawn."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    return [_strings(zlib.decompress(_plain(stream))) for stream in streams]


def _plain(stream: bytes) -> bytes:
    return a85decode(stream.strip().removesuffix(b"~>"))


def _strings(page: bytes) -> list[str]:
    shown = re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj", page, re.DOTALL)
    return [_unescaped(part).decode("utf-16-be") for part in shown]


def _unescaped(part: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else CONTROLS.get(code, code)

    return re.sub(rb"\\([0-7]{3}|.)", plain, part, flags=re.DOTALL)
