"""What every page is drawn with: money and times in words, hashed assets, QR codes, languages.

`register(app)` puts these into Jinja and adds the two switches that any visitor may turn: large
text (a cookie, by a plain POST) and the language (`?lang=en`, kept in a cookie).
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

import segno
from flask import Flask, Response, g, make_response, redirect, request
from flask_babel import Babel, gettext
from markupsafe import Markup

from gateway.deal_looks import wait_of
from gateway.looks import (
    account_words,
    channel_words,
    client_words,
    deal_words,
    look_of,
    money_words,
    order_look,
    plain_look,
    reason_words,
    role_words,
    step_words,
    tone_of,
    way_words,
)
from gateway.wording import N_
from services.kernel import clock, ids, money

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China keeps one time the whole year, so an offset says it all."""
FOLDER = Path(__file__).resolve().parent
STATIC = FOLDER / "static"
LANGUAGES = {"zh": "zh-CN", "en": "en"}
OTHER_LANGUAGE = {"zh": "en", "en": "zh"}
LANGUAGE_COOKIE = "lang"
LARGE_COOKIE = "large"
COOKIE_SECONDS = 365 * 24 * 3600
WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))


def yuan(amount_fen: int | None) -> str:
    """`123450` as `¥1,234.50`; what is owed is `−¥5.00`, and a missing amount is a dash."""
    if amount_fen is None:
        return "—"
    whole, cents = divmod(abs(money.exact(amount_fen)), 100)
    return f"{'−' if amount_fen < 0 else ''}¥{whole:,}.{cents:02d}"


def local(moment: datetime) -> datetime:
    """The moment on a wall clock in Shanghai; a naive one would be a fault upstream."""
    if moment.tzinfo is None:
        raise ValueError("times on pages must be aware")
    return moment.astimezone(SHANGHAI)


def hhmm(moment: datetime | None) -> str:
    """`14:05`."""
    return local(moment).strftime("%H:%M") if moment else ""


def shanghai(moment: datetime | None, now: datetime | None = None) -> str:
    """A time as people say it: 今天 14:05, 昨天 9:30, 11月2日 14:05, 2025年11月2日."""
    if moment is None:
        return ""
    there, here = local(moment), local(now or clock.now())
    far = abs((there.date() - here.date()).days) > 2
    if far and there.year != here.year:
        return day(there)
    return f"{near_day(there, here)} {there:%H:%M}"


def near_day(there: datetime, here: datetime) -> str:
    """今天, 昨天, 11月2日: the day of a moment, as it is said on another."""
    days = (there.date() - here.date()).days
    near = {0: gettext("今天"), -1: gettext("昨天"), 1: gettext("明天"), 2: gettext("后天")}
    return str(near[days]) if days in near else day_of(there)


def span(start: datetime | None, end: datetime | None = None, now: datetime | None = None) -> str:
    """An appointment: 明天 周二 09:00–10:00; without an end, its beginning alone."""
    if start is None:
        return ""
    there, here = local(start), local(now or clock.now())
    until = f"–{local(end):%H:%M}" if end else ""
    return f"{near_day(there, here)} {weekday(there)} {there:%H:%M}{until}"


def weekday(there: datetime) -> str:
    """`周二`."""
    return str(gettext(WEEKDAYS[there.weekday()]))


def day_of(there: datetime) -> str:
    """`11月2日`, without leading zeros."""
    return str(gettext("%(month)d月%(day)d日", month=there.month, day=there.day))


def day(moment: datetime | None) -> str:
    """`2027年11月2日`: for dates until which something holds."""
    if moment is None:
        return ""
    return date_words(local(moment).date())


def date_words(on: date) -> str:
    """`2026年11月30日`: a day without a time."""
    values = {"year": on.year, "month": on.month, "day": on.day}
    return str(gettext("%(year)d年%(month)d月%(day)d日", **values))


def remaining(moment: datetime | None, now: datetime | None = None) -> str:
    """How long until then in one unit: 还剩 12 分钟, 还剩 3 小时, 还剩 2 天, or 已到时间."""
    if moment is None:
        return ""
    seconds = int((moment - (now or clock.now())).total_seconds())
    if seconds <= 0:
        return str(gettext("已到时间"))
    if seconds < 3600:
        return str(gettext("还剩 %(n)d 分钟", n=max(1, seconds // 60)))
    if seconds < 48 * 3600:
        return str(gettext("还剩 %(n)d 小时", n=seconds // 3600))
    return str(gettext("还剩 %(n)d 天", n=seconds // 86400))


def mask_name(name: str | None) -> str:
    """`张小明` as `张**`: the family name stays, so that neighbours still know whom to greet."""
    return f"{name[0]}**" if name else ""


def mask_phone(phone: str | None) -> str:
    """`13812345678` as `138****5678`."""
    return f"{phone[:3]}****{phone[-4:]}" if phone and len(phone) >= 7 else (phone or "")


def without(text: str, prefix: str) -> str:
    """An address without the community's name that already stands beside it."""
    return text.removeprefix(prefix).strip() if prefix else text


def file_url(key: str, size: str = "") -> str:
    """The address of a stored picture; `small` asks for one of 240 pixels. Empty stays empty."""
    if not key or key.startswith(("/", "http://", "https://")):
        return key
    return f"/files/{key}{'?size=' + size if size else ''}"


def spaced(digits: str) -> str:
    """`123456` as `123 456`, which is easier to read aloud."""
    middle = (len(digits) + 1) // 2
    return f"{digits[:middle]} {digits[middle:]}"


@lru_cache(maxsize=256)
def asset_hash(path: str, modified_ns: int) -> str:
    """The first letters of a file's SHA-256; the time in the key shows an edited file at once."""
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


def asset(path: str) -> str:
    """The address of a file under static/, with its content's hash: safe to keep for ever."""
    return f"/static/{path}?v={asset_hash(path, (STATIC / path).stat().st_mtime_ns)}"


@lru_cache(maxsize=1)
def vendored() -> dict[str, str]:
    """Vendored path → integrity, as the manifest has it."""
    manifest = json.loads((STATIC / "vendor" / "manifest.json").read_text(encoding="utf-8"))
    return {file["path"]: file["sri"] for entry in manifest["packages"] for file in entry["files"]}


def integrity(path: str) -> str:
    """The `integrity` attribute's value for a file under static/vendor/."""
    return vendored()[path]


def qr_svg(text: str, title: str) -> Markup:
    """A QR code as inline SVG that scales with its box and is named for screen readers."""
    code = segno.make(text, error="m", micro=False)
    svg = code.svg_inline(
        omitsize=True,
        border=2,
        dark="#000",
        light="#fff",
        title=title,
        svgclass="qr",
        lineclass=None,
    )
    return Markup(svg)


def language() -> str:
    """`zh` or `en`: asked for in the address, else remembered, else Chinese."""
    asked = request.args.get(LANGUAGE_COOKIE) or request.cookies.get(LANGUAGE_COOKIE) or ""
    return asked if asked in LANGUAGES else "zh"


def other_language_href() -> str:
    """This page in the other language, its filters kept."""
    words = {**request.args.to_dict(flat=False), LANGUAGE_COOKIE: OTHER_LANGUAGE[language()]}
    return f"?{urlencode(words, doseq=True)}"


def large_text() -> bool:
    """Whether this visitor turned the large text on."""
    return request.cookies.get(LARGE_COOKIE) == "1"


def remember_language(response: Response) -> Response:
    """Keep a language that was asked for in the address."""
    asked = request.args.get(LANGUAGE_COOKIE)
    if asked in LANGUAGES and asked != request.cookies.get(LANGUAGE_COOKIE):
        keep(response, LANGUAGE_COOKIE, asked)
    return response


def keep(response: Response, name: str, value: str) -> None:
    """Set one of the visitor's own switches."""
    response.set_cookie(
        name, value, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
    )


def local_path(target: str) -> str:
    """A path on this site to go back to; anything that could lead elsewhere becomes the home."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if plain and "\n" not in target and "\r" not in target else "/"


def switch_large_text() -> Response:
    """Turn the large text on or off and go back to the page it was asked on."""
    response = make_response(redirect(local_path(request.form.get("next", "/")), code=303))
    keep(response, LARGE_COOKIE, "1" if request.form.get("large") == "1" else "0")
    return response


def page_context() -> dict[str, object]:
    """What each template may use without being given it."""
    return {
        "language": language(),
        "html_lang": LANGUAGES[language()],
        "language_href": other_language_href(),
        "large": large_text(),
        "now": g.setdefault("page_now", clock.now()),
    }


def register(app: Flask) -> None:
    """Put filters, globals, languages and the two switches into the app."""
    Babel(
        app,
        default_locale="zh",
        default_translation_directories=str(FOLDER / "translations"),
        locale_selector=language,
    )
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    times = (shanghai, hhmm, day, date_words, remaining, span)
    for function in (yuan, *times, mask_name, mask_phone, without, spaced):
        app.jinja_env.filters[function.__name__] = function
    words = (step_words, role_words, client_words, reason_words, account_words)
    of_money = (channel_words, way_words, money_words)
    looks = (look_of, tone_of, order_look, plain_look, wait_of, deal_words)
    for helper in (asset, integrity, file_url, qr_svg, *looks, *words, *of_money):
        app.jinja_env.globals[helper.__name__] = helper
    app.jinja_env.filters[deal_words.__name__] = deal_words
    app.jinja_env.globals["new_key"] = ids.new_id
    app.jinja_env.globals["kept_photos"] = lambda: g.get("kept_photos", [])
    app.jinja_env.globals.setdefault("property_phone", app.config.get("PROPERTY_PHONE", ""))
    app.jinja_env.globals.setdefault("property_name", app.config.get("PROPERTY_NAME", "物业"))
    app.context_processor(page_context)
    app.after_request(remember_language)
    app.add_url_rule("/preferences/large-text", "large_text", switch_large_text, methods=["POST"])
