"""The list of all orders, its spreadsheet that streams, an order's page, and its record as PDF."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from gateway import spreadsheet
from services.contracts.orders import NotYourOrder, OrderState
from services.contracts.permissions import Role
from services.kernel.errors import Forbidden, Unavailable
from tests.gateway.people import browser
from tests.support.gateway import ACTOR_TOKEN, COMMUNITY, MERCHANT, World
from tests.support.gateway_mediation import (
    DISPUTE,
    NEXT,
    ORDER_ID,
    asked,
    many_orders,
    with_mediation,
)
from tests.support.pdf_words import pages_of
from tests.unit.ui import samples_mediation as m

PAGE = f"/console/orders/{ORDER_ID}"
RECORDS = [f"{PAGE}/record.pdf", f"/h5/orders/{ORDER_ID}/record.pdf"]


@pytest.fixture
def desk(world: World) -> World:
    """Orders with all that can be open on them."""
    return with_mediation(world)


def staff(desk: World) -> FlaskClient:
    return browser(desk, Role.MANAGER)


def test_everything_in_the_address_reaches_the_service(desk: World) -> None:
    args = (
        f"text=豆浆&state=ready&trouble=disputed&fulfilment=pickup&late=1&from=2026-11-01"
        f"&until=2026-11-22&merchant_id={MERCHANT}&after=z"
    )
    staff(desk).get(f"/console/orders?{args}")
    query = asked(desk, "orders.all_orders")
    assert (query.text, query.states, query.troubles) == ("豆浆", ["ready"], ["disputed"])
    assert (query.fulfilments, query.late, query.merchant_id) == (["pickup"], True, MERCHANT)
    assert query.placed_from.isoformat() == "2026-11-01T00:00:00+08:00"
    assert query.placed_until.isoformat() == "2026-11-23T00:00:00+08:00"
    assert (query.community_id, query.after) == (COMMUNITY, "z")


def test_what_is_no_filter_is_left_out(desk: World) -> None:
    page = staff(desk).get("/console/orders?state=burnt&from=2026-02-30&late=no&merchant_id=x")
    query = asked(desk, "orders.all_orders")
    assert (query.states, query.placed_from, query.late, query.merchant_id) == (
        [],
        None,
        None,
        None,
    )
    assert page.status_code == 200


def test_the_list_keeps_its_filters_and_says_trouble_beside_the_state(desk: World) -> None:
    page = staff(desk).get("/console/orders?trouble=disputed&from=2026-11-01").text
    assert f"trouble=disputed&amp;from=2026-11-01&amp;after={NEXT}" in page
    assert "trouble=disputed&amp;from=2026-11-01&amp;as=xlsx" in page
    assert 'value="2026-11-01"' in page
    for words in ("纠纷中", "待自提", "超时", "改单中", "别的地址", "上门服务", "补差价"):
        assert words in page


def book_of(answer: Any) -> list[tuple[Any, ...]]:
    sheet = load_workbook(io.BytesIO(answer.data), read_only=True).active
    assert sheet is not None
    return list(sheet.iter_rows(values_only=True))


def test_the_spreadsheet_holds_the_filtered_rows_of_all_pages(desk: World) -> None:
    desk.services.answers["orders.all_orders"] = many_orders(230)
    answer = staff(desk).get("/console/orders?state=completed&as=xlsx")
    rows = book_of(answer)
    assert rows[0][0] == "订单号"
    assert len(rows) == 231
    assert (rows[1][0], rows[1][12], rows[1][13]) == ("#0317", 14, 12)
    queries = desk.services.questions("orders.all_orders")
    assert [query.limit for query in queries] == [100, 100, 100]
    assert {tuple(query.states) for query in queries} == {(OrderState.COMPLETED,)}


def test_the_spreadsheet_goes_out_in_pieces_and_renews_who_asks(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "PIECE_BYTES", 500)
    desk.services.answers["orders.all_orders"] = many_orders(150)
    answer = staff(desk).get("/console/orders?as=xlsx", buffered=False)
    assert answer.is_streamed
    assert answer.content_length is None
    assert len(list(answer.iter_encoded())) > 5
    pages = [one for one in desk.services.asked if one.name == "orders.all_orders"]
    assert {one.actor_token for one in pages} == {ACTOR_TOKEN}


def test_a_spreadsheet_that_is_cut_says_so_and_asks_for_no_more(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "ROWS_MAX", 120)
    desk.services.answers["orders.all_orders"] = many_orders(1000)
    rows = book_of(staff(desk).get("/console/orders?as=xlsx"))
    assert len(rows) == 122
    assert rows[-1][0] == "只有前 120 行，后面还有。请缩小范围再导出。"
    assert len(desk.services.questions("orders.all_orders")) == 2


def test_an_orders_page_holds_its_life_its_record_and_its_money(desk: World) -> None:
    page = staff(desk).get(PAGE).text
    for words in (
        "记录完整：8 条",
        "油条只剩三根了",
        "豆浆洒了一半",
        "袋子没破",
        "wechat /h5/orders Mozilla/5.0",
        "陈建国",
        f"/console/disputes/{DISPUTE}",
        f"{PAGE}/record.pdf",
        'class="flow"',
    ):
        assert words in page


@pytest.mark.parametrize("error", [Unavailable(), Forbidden()])
def test_an_orders_page_is_there_when_all_beside_it_is_not(desk: World, error: Exception) -> None:
    for name in ("record", "amendments", "cases"):
        desk.services.answers[f"orders.{name}"] = error
    desk.services.answers["settlement.order_money"] = error
    page = staff(desk).get(PAGE)
    assert page.status_code == 200
    assert "确认收货" in page.text
    assert ("暂时没有回答：完整记录、改单、售后、账务" in page.text) is isinstance(
        error, Unavailable
    )


def record_pdf(desk: World, path: str = RECORDS[0], **changes: Any) -> list[list[str]]:
    """The strings of each page of the record."""
    if changes:
        desk.services.answers["orders.record"] = m.record().model_copy(update=changes)
    answer = staff(desk).get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.text
    return pages_of(answer.data)


@pytest.mark.parametrize("path", RECORDS)
def test_the_record_as_pdf_says_everything_and_proves_itself(desk: World, path: str) -> None:
    pages = record_pdf(desk, path)
    words = "".join(string for page in pages for string in page)
    for said in (
        ORDER_ID,
        "现磨豆浆",
        "翠湖苑 3号楼2单元501",
        "张**",
        "wechat /h5/orders Mozilla/5.0",
        "2026-11-22 13:24:00",
        m.record().entries[3].hash,
        f"记录完整：8 条，末尾散列 {m.HASH}",
        "杯盖松了",
        "→ 居民",
    ):
        assert said in words
    assert f"第 {len(pages)} 页，共 {len(pages)} 页" in pages[-1]


def test_a_broken_record_says_so_on_paper_too(desk: World) -> None:
    words = "".join(record_pdf(desk, whole=False, broken_at=5)[0])
    assert "从第 5 条起对不上，不能作为凭据" in words


def test_a_long_record_has_numbered_pages_and_takes_what_people_wrote_literally(
    desk: World,
) -> None:
    wild = m.message(5, "resident", "<b>&", "<script>\n\n😀" + "很长的话" * 240)
    record = m.record()
    pages = record_pdf(desk, entries=record.entries * 12, messages=[*record.messages, wild])
    assert len(pages) > 5
    assert all(f"第 {n} 页，共 {len(pages)} 页" in page for n, page in enumerate(pages, start=1))
    assert "<script> □很长的话" in "".join("".join(page) for page in pages)


def test_no_pick_up_code_is_printed(desk: World) -> None:
    order = m.order(pickup_code="12345678", fulfilment="pickup")
    words = "".join("".join(page) for page in record_pdf(desk, order=order))
    assert "到店自取" in words
    assert "12345678" not in words


def test_a_record_is_shut_to_whoever_has_no_part_in_it(desk: World) -> None:
    desk.services.answers["orders.record"] = NotYourOrder()
    assert browser(desk, Role.OWNER).get(RECORDS[1]).status_code == 404
    assert browser(desk, Role.OWNER).get(RECORDS[0]).status_code == 403
    assert desk.client().get(RECORDS[1]).status_code == 401
