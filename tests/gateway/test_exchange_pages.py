"""An exchange for another choice, why after-sales are refused, and photos for everybody."""

import re

import pytest

from gateway.deal_texts import WHY_NOT
from services.contracts.after_sales import CaseKind, NotForThisOrder
from services.contracts.catalog import SkuView
from services.contracts.orders import OrderState, PickedLine
from services.kernel.errors import Unavailable
from services.kernel.wire import Page
from tests.gateway.people import browser, send
from tests.support.gateway import ITEM, NOW, ORDER, SKU, STORE, World, order
from tests.support.gateway_deals import CASE, answer_with, asked, cart, case, review, sku_line

pytestmark = pytest.mark.usefixtures("deals")
NEW_CASE = f"/h5/orders/{ORDER}/after-sales"
SWEET = "01SWEETSWEETSWEETSWEETSWEE"


@pytest.fixture
def two_kinds(world: World) -> None:
    """The soy milk comes sweet for the same price, and large for more."""
    [plain] = world.services.answers["catalog.items"].items
    sweet = SkuView(sku_id=SWEET, name="甜", price_fen=300, stock=5)
    large = SkuView(sku_id=STORE, name="大杯", price_fen=500, stock=5)
    shelf = plain.model_copy(update={"skus": [*plain.skus, sweet, large]})
    world.services.answers["catalog.items"] = Page(items=[shelf])
    line = order(OrderState.DELIVERED).lines[0].model_copy(update={"item_id": ITEM})
    delivered = order(OrderState.DELIVERED, "open_case", lines=[line])
    answer_with(world, "order", delivered)


@pytest.mark.usefixtures("two_kinds")
def test_what_costs_the_same_may_come_instead(world: World) -> None:
    page = browser(world).get(f"{NEW_CASE}?kind=exchange").text
    [choice] = re.findall(r"<select.*?</select>", page, re.DOTALL)
    assert re.findall(r'value="(\w*)"', choice) == ["", SWEET]


@pytest.mark.usefixtures("two_kinds")
@pytest.mark.parametrize(
    ("chosen", "replacement"), [(SWEET, [PickedLine(sku_id=SWEET, quantity=2)]), ("", [])]
)
def test_an_exchange_names_what_shall_come_only_where_it_is_another(
    world: World, chosen: str, replacement: list[PickedLine]
) -> None:
    fields = {f"n.{SKU}": "2", f"to.{SKU}": chosen}
    send(browser(world), NEW_CASE, kind="exchange", reason="送错了", **fields)
    assert asked(world, "open_case").replacement == replacement


@pytest.mark.usefixtures("two_kinds")
def test_a_refund_forgets_what_was_chosen_for_an_exchange(world: World) -> None:
    fields = {f"n.{SKU}": "2", f"to.{SKU}": SWEET}
    send(browser(world), NEW_CASE, kind="refund", reason="送错了", **fields)
    assert asked(world, "open_case").replacement == []


def test_while_catalog_is_silent_the_same_can_still_be_asked_for(world: World) -> None:
    world.services.answers["catalog.items"] = Unavailable()
    page = browser(world).get(f"{NEW_CASE}?kind=exchange").text
    assert 'value="exchange"' in page
    assert "<select" not in page


def test_both_sides_read_what_comes_instead(world: World) -> None:
    sweet = sku_line(sku_id=SWEET, sku_name="甜")
    world.services.answers["catalog.skus"] = cart(sweet)
    replacement = [PickedLine(sku_id=SWEET, quantity=2)]
    answer_with(world, "case", case(kind=CaseKind.EXCHANGE, replacement=replacement))
    assert "豆浆 甜" in browser(world).get(f"/h5/cases/{CASE}").text


@pytest.mark.parametrize("why", WHY_NOT)
def test_a_refusal_says_why_this_order_does_not_fit(world: World, why: str) -> None:
    answer_with(world, "open_case", NotForThisOrder(fields={"why": why, "state": "completed"}))
    answer = send(browser(world), NEW_CASE, kind="refund", reason="少了", **{f"n.{SKU}": "1"})
    assert answer.status_code == 422
    assert WHY_NOT[why] in answer.text


def test_a_refusal_that_is_new_here_is_said_in_general(world: World) -> None:
    answer_with(world, "open_case", NotForThisOrder(fields={"why": "moon_phase"}))
    answer = send(browser(world), NEW_CASE, kind="refund", reason="少了", **{f"n.{SKU}": "1"})
    assert "这个订单现在不能用这一种售后" in answer.text
    assert "moon_phase" not in answer.text


def test_a_no_makes_calling_the_property_the_next_step(world: World) -> None:
    answer_with(world, "case", case("rejected", "escalate_case", answered_at=NOW))
    page = browser(world).get(f"/h5/cases/{CASE}").text
    assert re.search(r'form="escalate"[^>]*>\s*请物业处理', page)


@pytest.mark.parametrize("path", [f"/h5/stores/{STORE}", f"/h5/stores/{STORE}/reviews"])
def test_photos_of_a_review_open_for_whoever_may_read_it(world: World, path: str) -> None:
    stored = world.files.put(b"a photo", "orders/26")
    answer_with(world, "reviews", Page(items=[review(photos=[stored.key])]))
    neighbour = browser(world)
    page = neighbour.get(path).text.replace("&amp;", "&")
    [href] = re.findall(rf'href="(/files/{stored.key}[^"]*)"', page)
    assert neighbour.get(href).data == b"a photo"
    assert neighbour.get(f"/files/{stored.key}").status_code == 404
