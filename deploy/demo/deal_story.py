"""What is fetched with a code, a service at its time, an order amended, and one exchanged."""

from datetime import datetime, timedelta
from typing import Any

from deploy.demo import names
from deploy.demo.acts import (
    deliver,
    household,
    merchant_balance,
    paid_order,
    photo,
    receive,
    something_for_sale,
    state_is,
)
from deploy.demo.clients import HttpRefused, Person, wait_for
from deploy.demo.connection import demo_id
from deploy.demo.teller import RESIDENT, Story
from services.kernel.clock import now
from services.settlement.domain.days import BEIJING

PLUMBER = "王师傅水电"
DAYS_AHEAD = 14


def tell(story: Story) -> None:
    """All of it."""
    tell_pick_up(story)
    tell_appointment(story)
    tell_amendment(story)
    tell_exchange(story)


def tell_pick_up(story: Story) -> None:
    """Two kinds of goods, fetched at two times; the code works until the last piece is out."""
    resident, keeper = story.person(RESIDENT), story.person(story.shop.keeper.key)
    with story.step("a cart to be fetched at the shop is paid, packed, and has its code") as notes:
        order_id = _fetched_order(story, resident)
        keeper.post(f"/orders/{order_id}/confirm")
        keeper.post(f"/orders/{order_id}/ready")
        order = resident.get(f"/orders/{order_id}")
        code = order["pickup_code"]
        assert keeper.get(f"/orders/{order_id}")["pickup_code"] is None
        notes.append(f"{code[:4]} {code[4:]}")
    before = merchant_balance(keeper)
    with story.step("one thing is fetched now, the rest later; then the deal is done"):
        found = keeper.post(f"/stores/{story.store_id}/pick-up", {"code": code})
        assert found["order_id"] == order_id
        first = {"sku_id": order["lines"][0]["sku_id"], "quantity": 1}
        partly = keeper.post(f"/orders/{order_id}/hand-over", {"code": code, "lines": [first]})
        assert partly["state"] == "ready"
        keeper.post(f"/orders/{order_id}/hand-over", {"code": code})
        state_is(resident, order_id, "completed")
        wanted = before + order["amount_fen"]
        wait_for(lambda: merchant_balance(keeper) == wanted, "the merchant's money")
    with story.step("who comes with the code again hears when and by whom it was used") as notes:
        refusal = refused(keeper, f"/orders/{order_id}/hand-over", {"code": code})
        assert refusal.code == "orders.code_used", refusal
        notes.append(story.shop.keeper.name)


def _fetched_order(story: Story, resident: Person) -> str:
    items = resident.get("/items", store_ids=story.store_id)["items"]
    goods = [item for item in items if item["kind"] == "goods"][:2]
    placed = resident.post(
        "/orders",
        {
            "household_id": household(resident)["household_id"],
            "lines": [{"sku_id": item["skus"][0]["sku_id"], "quantity": 2} for item in goods],
            "handovers": [{"store_id": story.store_id, "fulfilment": "pickup"}],
        },
    )
    resident.pay(placed["payment_id"])
    order_id: str = placed["orders"][0]["order_id"]
    state_is(resident, order_id, "awaiting_confirmation")
    return order_id


def refused(who: Any, path: str, body: Any) -> HttpRefused:
    """What the service says to somebody who may not, or not any more."""
    try:
        who.post(path, body)
    except HttpRefused as refusal:
        return refusal
    raise AssertionError(f"{path} was granted")


def tell_appointment(story: Story) -> None:
    """A plumber at the home, at an hour that nobody else can have."""
    resident = story.person(RESIDENT)
    shop = next(shop for shop in names.community().shops if shop.name == PLUMBER)
    keeper = story.person(shop.keeper.key)
    with story.step("a plumber is booked for an hour that is free") as notes:
        items = resident.get("/items", store_ids=demo_id(shop.key))["items"]
        item = next(item for item in items if item["slot_minutes"])
        starts_at = _free_slot(resident, item)
        sku_id = item["skus"][0]["sku_id"]
        placed = resident.post(
            "/orders",
            {
                "household_id": household(resident)["household_id"],
                "lines": [{"sku_id": sku_id, "quantity": 1}],
                "appointments": [{"sku_id": sku_id, "starts_at": starts_at.isoformat()}],
            },
        )
        resident.pay(placed["payment_id"])
        order_id = placed["orders"][0]["order_id"]
        state_is(resident, order_id, "awaiting_confirmation")
        notes.append(f"{item['name']} {starts_at:%m-%d %H:%M}")
    with story.step("he confirms, comes, mends it, and sends a picture; the resident is content"):
        assert keeper.post(f"/orders/{order_id}/confirm")["state"] == "scheduled"
        keeper.post(f"/orders/{order_id}/start-service")
        keeper.post(f"/orders/{order_id}/finish-service", {"photos": [uploaded(keeper)]})
        resident.post(f"/orders/{order_id}/confirm-receipt")
        state_is(resident, order_id, "completed")


def uploaded(who: Person) -> dict[str, str]:
    """A photo as a list of photos carries it."""
    stored = who.upload(photo())
    return {"key": stored["photo_key"], "sha256": stored["photo_sha256"]}


def _free_slot(resident: Person, item: dict[str, Any]) -> datetime:
    """The first hour from tomorrow on that has room."""
    today = now().astimezone(BEIJING).replace(hour=8, minute=0, second=0, microsecond=0)
    until = today + timedelta(days=DAYS_AHEAD)
    taken = {
        datetime.fromisoformat(slot["starts_at"]): slot["taken"]
        for slot in resident.get(
            f"/items/{item['item_id']}/taken-slots",
            day_from=today.isoformat(),
            day_until=until.isoformat(),
        )["slots"]
    }
    step = timedelta(minutes=item["slot_minutes"])
    for days in range(1, DAYS_AHEAD):
        for number in range(timedelta(hours=12) // step):
            slot = today + timedelta(days=days) + number * step
            if taken.get(slot, 0) < item["slot_capacity"]:
                return slot
    raise AssertionError("the plumber is booked out")


def tell_amendment(story: Story) -> None:
    """The shop has one piece less; the difference goes back, the rest comes to the door."""
    resident, keeper = story.person(RESIDENT), story.person(story.shop.keeper.key)
    with story.step("of three ordered pieces the shop has two: it proposes to change the order"):
        order_id, amount_fen = paid_order(story, resident, 3)
        line = keeper.get(f"/orders/{order_id}")["lines"][0]
        fewer = {"sku_id": line["sku_id"], "quantity": 2, "price_fen": line["price_fen"]}
        body = {"lines": [fewer], "note": "今天只剩两份了，少一份退您差价"}
        amendment = keeper.post(f"/orders/{order_id}/amendments", body)
        path = f"/orders/{order_id}/amendments/{amendment['amendment_id']}/answer"
    with story.step("the resident agrees, and the difference goes back by itself") as notes:
        resident.post(path, {"accept": True})
        back_fen = amount_fen - amendment["after_fen"]
        wait_for(
            lambda: resident.get(f"/orders/{order_id}")["refunded_fen"] == back_fen, "the refund"
        )
        assert resident.get(f"/orders/{order_id}")["agreed_fen"] == amendment["after_fen"]
        notes.append(f"¥{amount_fen / 100:.2f} - ¥{back_fen / 100:.2f}")
    with story.step("the two pieces are brought; the merchant has what they cost"):
        before = merchant_balance(keeper)
        receive(story, order_id)
        wanted = before + amendment["after_fen"]
        wait_for(lambda: merchant_balance(keeper) == wanted, "the merchant's money")


def tell_exchange(story: Story) -> None:
    """A faulty piece goes back to the shop, and the new one comes past the guard."""
    resident, keeper = story.person(RESIDENT), story.person(story.shop.keeper.key)
    with story.step("something that came is not right: the resident asks to exchange it") as notes:
        order_id, _ = paid_order(story, resident)
        receive(story, order_id)
        notes.append(something_for_sale(story, resident)["name"])
        body = {"kind": "exchange", "reason": "杯盖裂了，洒了一半", "photos": [uploaded(resident)]}
        case = resident.post(f"/orders/{order_id}/cases", body)
        path = f"/orders/{order_id}/cases/{case['case_id']}"
    with story.step("the shop agrees, takes the old one back and sends a new one") as notes:
        keeper.post(f"{path}/answer", {"answer": "agree"})
        resident.post(f"{path}/send-back", {"text": "放在店里柜台上了"})
        keeper.post(f"{path}/take-back")
        courier_id = demo_id("courier", story.shop.couriers[0].key)
        sent = keeper.post(f"{path}/send-replacement", {"courier_id": courier_id})
        notes.append(sent["courier_name"])
    with story.step("the new one passes the gate like any parcel, and the case is closed"):
        deliver(story, case["case_id"])
        resident.post(f"{path}/confirm-replacement")
        done = wait_for(
            lambda: seen if (seen := resident.get(f"/cases/{case['case_id']}"))["closed_at"] else 0,
            "the end of the case",
        )
        assert done["state"] == "done"
