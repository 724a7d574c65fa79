"""What the people of the story do more than once."""

import io
from typing import Any

from PIL import Image

from deploy.demo import names
from deploy.demo.clients import Client, Person, wait_for
from deploy.demo.connection import demo_id
from deploy.demo.teller import RESIDENT, Story


def photo() -> bytes:
    """A picture of a door, as a courier's phone would take it."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (120, 90, 60)).save(out, "JPEG")
    return out.getvalue()


def state_is(who: Client, order_id: str, state: str) -> dict[str, Any]:
    """The order, once it is in this state."""
    return wait_for(
        lambda: order if (order := who.get(f"/orders/{order_id}"))["state"] == state else None,
        f"order {state}",
    )


def order_something(story: Story, resident: Person, item: dict[str, Any], quantity: int) -> Any:
    """Place an order for the resident's home."""
    me = resident.me()
    body = {
        "household_id": me["households"][0]["household_id"],
        "lines": [{"sku_id": item["skus"][0]["sku_id"], "quantity": quantity}],
        "remark": "少放糖",
        "client": {"kind": "wechat", "page": "story"},
    }
    return resident.post("/orders", body)


def visit_of(courier: Person, order_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The courier's visit and drop for an order."""
    for visit in courier.get("/visits/mine")["visits"]:
        for drop in visit["drops"]:
            if drop["order_id"] == order_id:
                return visit, drop
    raise AssertionError("the courier has no drop for the order")


SHELF, SHELF_LOW = 80, 40


def fill_shelf(story: Story) -> None:
    """The shop counts its shelf anew where little is left: the story may be told often."""
    keeper = story.person(story.shop.keeper.key)
    for item in keeper.get("/items", store_ids=story.store_id)["items"]:
        for sku in item["skus"]:
            if sku["stock"] is not None and sku["stock"] < SHELF_LOW:
                keeper.put(f"/skus/{sku['sku_id']}/stock", {"stock": SHELF})


def merchant_balance(keeper: Person) -> int:
    """What the platform owes the merchant now, in fen."""
    merchant_id = keeper.me()["stores"][0]["merchant_id"]
    balance: int = keeper.get(f"/funds/merchant/{merchant_id}")["balance_fen"]
    return balance


def something_for_sale(story: Story, who: Person) -> dict[str, Any]:
    """An item of the story's shop that is brought to the door."""
    items = who.get("/items", store_ids=story.store_id)["items"]
    item: dict[str, Any] = next(one for one in items if one["kind"] == "goods")
    return item


def paid_order(story: Story, resident: Person, quantity: int = 1, **wish: Any) -> tuple[str, int]:
    """An order that is paid: its id, and its amount in fen."""
    placed = order_something(story, resident, something_for_sale(story, resident), quantity)
    resident.pay(placed["payment_id"], **wish)
    order_id: str = placed["orders"][0]["order_id"]
    state_is(resident, order_id, "awaiting_confirmation")
    return order_id, placed["amount_fen"]


def dispatch(story: Story, order_id: str) -> None:
    """The merchant takes the order, packs it, and hands it to its courier."""
    keeper = story.person(story.shop.keeper.key)
    keeper.post(f"/orders/{order_id}/confirm")
    keeper.post(f"/orders/{order_id}/ready")
    courier_id = demo_id("courier", story.shop.couriers[0].key)
    keeper.post(f"/orders/{order_id}/dispatch", {"courier_id": courier_id})


def deliver(story: Story, brought_id: str) -> None:
    """An order, or what a case brings in its place: past the guard, to the door, and out again."""
    courier = story.person(story.shop.couriers[0].key)
    guard = story.staff("menwei1")
    gate_id = demo_id("gate", names.community().gates[0])
    visit, drop = visit_of(courier, brought_id)
    if visit["state"] == "expected":
        guard.post(f"/visits/{visit['visit_id']}/admit", {"gate_id": gate_id})
    courier.post(f"/drops/{drop['drop_id']}/deliver", courier.upload(photo()))
    guard.post(f"/visits/{visit['visit_id']}/leave", {"gate_id": gate_id})


def household(resident: Person) -> dict[str, Any]:
    """The resident's household, with its home."""
    first: dict[str, Any] = resident.me()["households"][0]
    return first


def household_balance(resident: Person) -> int:
    """What the platform owes the resident's household now, in fen."""
    household_id = household(resident)["household_id"]
    balance: int = resident.get(f"/funds/household/{household_id}")["balance_fen"]
    return balance


def receive(story: Story, order_id: str) -> None:
    """Brought to the door and confirmed by the resident."""
    resident = story.person(RESIDENT)
    dispatch(story, order_id)
    deliver(story, order_id)
    state_is(resident, order_id, "delivered")
    resident.post(f"/orders/{order_id}/confirm-receipt")
