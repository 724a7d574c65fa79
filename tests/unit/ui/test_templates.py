"""What holds for every page, read from its HTML."""

import gzip
import re
from html.parser import HTMLParser

import pytest
from flask import Flask

from gateway.ui import FOLDER, STATIC
from tests.unit.ui import pages
from tests.unit.ui.board import drawing_board

HOME_BYTES_MAX = 60_000
OWN_SHEETS = ("h5.css", "console.css", "screens.css")
VOID = {"meta", "link", "input", "img", "br", "path", "line", "rect", "circle"}


class Reader(HTMLParser):
    """Notes the tags, the nesting, and what each POST form carries."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[dict[str, str]] = []
        self.open: list[str] = []
        self.misnested: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        if tag == "form":
            method, action = named.get("method") or "get", named.get("action") or ""
            self.forms.append({"method": method, "action": action})
        if tag == "input" and self.forms and "form" in self.open:
            self.forms[-1][named.get("name") or ""] = named.get("value") or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)


@pytest.fixture(scope="module")
def app() -> Flask:
    return drawing_board()


def html_of(app: Flask, name: str) -> str:
    answer = app.test_client().get(f"/p/{name}")
    assert answer.status_code == 200
    return answer.text


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.mark.parametrize("name", pages.ALL)
def test_a_page_carries_no_script_or_style_of_its_own(app: Flask, name: str) -> None:
    reader = read(html_of(app, name))
    assert [tag for tag, attrs in reader.tags if tag == "script" and not attrs.get("src")] == []
    assert [tag for tag, attrs in reader.tags if tag == "style" or "style" in attrs] == []
    handlers = [key for _, attrs in reader.tags for key in attrs if key.startswith(("on", "hx-on"))]
    assert handlers == []


@pytest.mark.parametrize("name", pages.ALL)
def test_a_page_is_nested_right_and_has_one_heading(app: Flask, name: str) -> None:
    reader = read(html_of(app, name))
    assert reader.misnested == []
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", pages.ALL)
def test_each_form_that_writes_is_guarded_and_sent_once(app: Flask, name: str) -> None:
    html = html_of(app, name)
    posts = [form for form in read(html).forms if form["method"] == "post"]
    outside = [form for form in posts if form["action"].startswith("https://")]
    assert all("csrf_token" not in form for form in outside), "our token is not told to a channel"
    ours = [form for form in posts if form not in outside]
    assert all(form["csrf_token"] == "token" for form in ours)
    writes = html.count('name="idempotency_key"')
    own_switches = html.count('action="/preferences/large-text"') + html.count("/console/sign-out")
    own_switches += html.count('name="username"')
    assert writes + own_switches == len(ours)


@pytest.mark.parametrize("name", pages.PHONE)
def test_each_phone_page_offers_a_phone_number_and_large_text(app: Flask, name: str) -> None:
    html = html_of(app, name)
    assert 'href="tel:4000000808"' in html
    assert 'action="/preferences/large-text"' in html


@pytest.mark.parametrize("name", pages.ALL)
def test_a_page_is_drawn_in_english_too(app: Flask, name: str) -> None:
    answer = app.test_client().get(f"/p/{name}?lang=en")
    assert answer.status_code == 200
    assert '<html lang="en"' in answer.text


def test_no_page_says_failed_while_a_payment_is_unknown(app: Flask) -> None:
    html = html_of(app, "result-unknown")
    assert "正在确认" in html
    assert "失败" not in html
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in html


def test_the_resident_sees_who_holds_the_money(app: Flask) -> None:
    assert "¥14.00 由物业保管，确认收货后付给商家" in html_of(app, "order-delivered")
    assert "¥14.00 已付给商家" in html_of(app, "order-completed")
    assert "¥14.00 已退回" in html_of(app, "order-cancelled")


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong(app: Flask) -> None:
    html = html_of(app, "checkout-fault")
    assert 'value="小区南门快递柜"' in html
    assert html.count('role="alert"') == 2
    assert 'aria-invalid="true"' in html


def test_the_gate_screen_masks_names(app: Flask) -> None:
    html = html_of(app, "screen")
    assert "张**" in html
    assert "张师傅" not in html


def test_a_guard_without_permission_sees_no_other_menu(app: Flask) -> None:
    board = drawing_board()
    board.jinja_env.globals["can"] = lambda permission: permission == "order.view_any"
    html = board.test_client().get("/p/console-orders").text
    assert "/console/audit" not in html
    assert 'href="/console/orders"' in html


def test_the_residents_home_is_light_enough_for_a_poor_network(app: Flask) -> None:
    client = app.test_client()
    html = client.get("/p/home").text
    parts = [html.encode()]
    for tag, attrs in read(html).tags:
        address = attrs.get("href" if tag == "link" else "src") or ""
        if tag in ("link", "script") and address.startswith("/static/"):
            with client.get(address) as answer:
                parts.append(answer.data)
    assert sum(len(gzip.compress(part, 6)) for part in parts) <= HOME_BYTES_MAX


def test_the_sheets_use_only_colours_that_weui_still_has() -> None:
    weui = (STATIC / "vendor" / "weui.css").read_text()
    for name in OWN_SHEETS:
        used = re.findall(r"var\((--weui-[A-Za-z0-9_-]+)", (STATIC / name).read_text())
        assert [variable for variable in used if f"{variable}:" not in weui] == []


def test_the_templates_use_only_weui_classes_that_are_still_there() -> None:
    weui = (STATIC / "vendor" / "weui.css").read_text()
    for path in (FOLDER / "templates").rglob("*.html"):
        used = set(re.findall(r"weui-[a-z_-]+[a-z]", path.read_text()))
        assert {name for name in used if f".{name}" not in weui} - {
            "weui-mode",
            "weui-btn",
        } == set()


def test_each_template_says_what_it_needs() -> None:
    for path in (FOLDER / "templates").rglob("*.html"):
        assert path.read_text().startswith("{#"), path
