"""Small template filters: money, links in a text, a colour for a face."""

import re
import zlib

from flask import Flask
from markupsafe import Markup, escape

HUES = 6
# A reply may carry <a href="https://…">words</a>, the only markup that WeChat shows in texts.
_ANCHOR = re.compile(r"""<a\s+href=["'](https?://[^"'<>\s]+)["'][^>]*>([^<]*)</a>""")
_BRACKETS = re.compile(r"[（(][^）)]*[）)]")
_BARE = re.compile(r"https?://[^\s<>\"'，。；）]+")


def add_filters(app: Flask) -> None:
    """Give the templates their filters."""
    app.add_template_filter(yuan)
    app.add_template_filter(linked)
    app.add_template_filter(hue)
    app.add_template_filter(initial)


def yuan(fen: int) -> str:
    """Two decimals, no sign."""
    return f"{fen // 100}.{fen % 100:02d}"


def initial(name: str) -> str:
    """The character that stands for a person: the last of the name, without what is in brackets."""
    plain = _BRACKETS.sub("", name).strip()
    return (plain or name)[-1:]


def hue(openid: str) -> int:
    """One of a few colours, always the same for a person."""
    return zlib.crc32(openid.encode()) % HUES


def linked(text: str) -> Markup:
    """The text, safe for a page, with its web addresses and anchors as links."""
    shown, end = Markup(), 0
    for found in _ANCHOR.finditer(text):
        shown += _bare_links(text[end : found.start()]) + _link(found[1], found[2])
        end = found.end()
    return shown + _bare_links(text[end:])


def _bare_links(text: str) -> Markup:
    shown, end = Markup(), 0
    for found in _BARE.finditer(text):
        shown += escape(text[end : found.start()]) + _link(found[0], found[0])
        end = found.end()
    return shown + escape(text[end:])


def _link(url: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, words)
