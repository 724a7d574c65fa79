"""Money that is split, given back in part, collected at a door, and kept on a card."""

from typing import Any

from deploy.demo.acts import (
    deliver,
    dispatch,
    household,
    household_balance,
    merchant_balance,
    order_something,
    paid_order,
    receive,
    something_for_sale,
    state_is,
)
from deploy.demo.clients import Person, Staff, wait_for
from deploy.demo.connection import demo_id, openid_of
from deploy.demo.teller import RESIDENT, Story
from services.kernel.ids import new_id

CARD_PRICE_FEN, CARD_GIFT_FEN, MEAL_FEN = 80_000, 8_000, 2_200


def tell(story: Story) -> None:
    """All of it."""
    tell_split_payment(story)
    tell_cash_at_the_door(story)
    tell_card_of_a_shop_that_leaves(story)


def tell_split_payment(story: Story) -> None:
    """Fund and WeChat Pay together, and a part of it back."""
    resident, cashier = story.person(RESIDENT), story.staff("chuna")
    with story.step("a cancelled order's money goes to the household's fund"):
        before = household_balance(resident)
        order_id, amount_fen = paid_order(story, resident)
        body = {"reason": "改天再买", "refund_to": "fund"}
        resident.post(f"/orders/{order_id}/cancel", body)
        wait_for(lambda: household_balance(resident) == before + amount_fen, "the refund")
    with story.step("the next one is paid from the fund, and the rest by WeChat Pay") as notes:
        fund_fen = min(200, household_balance(resident))
        order_id, amount_fen = paid_order(story, resident, 3, fund_fen=fund_fen)
        money = resident.get(f"/orders/{order_id}/money")
        assert (money["fund_fen"], money["channel_fen"]) == (fund_fen, amount_fen - fund_fen)
        notes.append(f"¥{fund_fen / 100:.2f} + ¥{money['channel_fen'] / 100:.2f}")
    with story.step("a part is given back; the merchant gets the rest") as notes:
        keeper = story.person(story.shop.keeper.key)
        before = merchant_balance(keeper)
        back = {"amount_fen": 100, "to": "channel", "reason": "少了一杯"}
        cashier.post(f"/orders/{order_id}/refunds", back)
        receive(story, order_id)
        wanted = before + amount_fen - 100
        wait_for(lambda: merchant_balance(keeper) == wanted, "the merchant's money")
        wait_for(lambda: _refunds(resident, order_id) == ["done"], "the part refund")
        notes.append(f"¥1.00 back, ¥{(amount_fen - 100) / 100:.2f} to the merchant")


def _refunds(resident: Person, order_id: str) -> list[str]:
    return [refund["state"] for refund in resident.get(f"/orders/{order_id}/money")["refunds"]]


def tell_cash_at_the_door(story: Story) -> None:
    """The courier collects, owes it, and hands it in; only then it is the merchant's."""
    resident, keeper = story.person(RESIDENT), story.person(story.shop.keeper.key)
    cashier = story.staff("chuna")
    with story.step("an order is to be paid in cash at the door") as notes:
        placed = order_something(story, resident, something_for_sale(story, resident), 2)
        order_id, amount_fen = placed["orders"][0]["order_id"], placed["amount_fen"]
        resident.offer(placed["payment_id"], way="on_delivery")
        state_is(resident, order_id, "awaiting_confirmation")
        dispatch(story, order_id)
        courier = story.person(story.shop.couriers[0].key)
        (due,) = courier.get("/cash-due", order_ids=order_id)["items"]
        assert due["amount_fen"] == amount_fen
        notes.append(f"¥{amount_fen / 100:.2f}")
    before = merchant_balance(keeper)
    with story.step("delivered and received: the cash is the courier's debt, not income"):
        deliver(story, order_id)
        state_is(resident, order_id, "delivered")
        resident.post(f"/orders/{order_id}/confirm-receipt")
        wait_for(lambda: _cash(cashier, order_id) == "collected", "the collected cash")
        assert merchant_balance(keeper) == before
    with story.step("handed in at the desk, it is the merchant's") as notes:
        body = {"order_ids": [order_id], "amount_fen": amount_fen}
        notes.append(cashier.post("/cash/hand-in", body)["receipt_number"])
        wait_for(lambda: merchant_balance(keeper) == before + amount_fen, "the merchant's money")


def _cash(cashier: Staff, order_id: str) -> str:
    for row in cashier.get("/cash", limit=100)["items"]:
        if row["order_id"] == order_id:
            return str(row["state"])
    return ""


def tell_card_of_a_shop_that_leaves(story: Story) -> None:
    """Bought, spent in part, and the rest comes back when the shop is gone."""
    resident = story.person(RESIDENT)
    with story.step("a new shop sells a prepaid card: pay 800, get 880") as notes:
        merchant_id, plan, meal = open_shop(story)
        card = buy_card(resident, plan)
        assert (card["money_fen"], card["gift_fen"]) == (CARD_PRICE_FEN, CARD_GIFT_FEN)
        notes.append("¥800.00, kept by the property")
    with story.step("a meal is paid with it, each part in its share") as notes:
        placed = _place(resident, meal)
        view = resident.offer(placed["payment_id"], way="balance", card_id=card["card_id"])
        assert (view["state"], view["card_fen"]) == ("paid", MEAL_FEN)
        card = resident.get(f"/cards/{card['card_id']}")
        notes.append(f"¥{card['money_fen'] / 100:.2f} + ¥{card['gift_fen'] / 100:.2f} left")
    with story.step("the shop vanishes; what was not spent goes back to the household") as notes:
        before = household_balance(resident)
        manager = story.staff("jingli")
        manager.post(f"/merchants/{merchant_id}/leave", {"reason": "连夜搬走，联系不上"})
        wanted = before + card["money_fen"]
        wait_for(lambda: household_balance(resident) == wanted, "the rest of the card")
        returns = manager.get(f"/merchants/{merchant_id}/card-returns")
        assert (returns["done"], returns["returned"]) == (True, 1)
        notes.append(f"¥{card['money_fen'] / 100:.2f} back")


def open_shop(story: Story) -> tuple[str, Any, Any]:
    """A shop of this run's own: its merchant, its card plan, and a meal."""
    merchant_id, store_id, account_id = new_id(), new_id(), new_id()
    openid = openid_of(f"keeper-{merchant_id}")
    story.phone.send("POST", "people", {"openid": openid, "name": "钱老板"})
    person = {
        "account_id": account_id,
        "name": "钱有财",
        "phone": f"139{int(demo_id(account_id)[-7:], 36) % 10**8:08d}",
        "role": "shopkeeper",
        "app_id": story.app_id,
        "openid": openid,
    }
    store = {
        "store_id": store_id,
        "name": f"有财小馆{merchant_id[-4:]}",
        "kind": "food",
        "community_ids": [story.community_id],
    }
    body = {
        "merchant_id": merchant_id,
        "name": store["name"],
        "stores": [store],
        "people": [person],
        "certified_until": "2099-12-31T00:00:00Z",
        "evidence": "营业执照与店铺现场已核对",
    }
    story.staff("jingli").post("/merchants", body)
    keeper = Person(story.gateway, story.sandbox, openid, story.app_id)
    plan = _put(keeper, store_id, "card_plan", "会员卡 充800送80", CARD_PRICE_FEN, CARD_GIFT_FEN)
    return merchant_id, plan, _put(keeper, store_id, "goods", "牛肉面", MEAL_FEN, 0)


def _put(
    keeper: Person, store_id: str, kind: str, name: str, price_fen: int, gift_fen: int
) -> dict[str, Any]:
    sku = {
        "sku_id": new_id(),
        "name": "",
        "price_fen": price_fen,
        "stock": 99,
        "gift_fen": gift_fen,
    }
    item_id = new_id()
    body = {"store_id": store_id, "kind": kind, "name": name, "skus": [sku]}
    item: dict[str, Any] = keeper.put(f"/items/{item_id}", body | {"category": "吃喝"})
    return item


def _place(resident: Person, item: dict[str, Any]) -> Any:
    line = {"sku_id": item["skus"][0]["sku_id"], "quantity": 1}
    body = {"household_id": household(resident)["household_id"], "lines": [line]}
    return resident.post("/orders", body)


def buy_card(resident: Person, plan: dict[str, Any]) -> dict[str, Any]:
    """The sale is an order like any other, and completes by itself."""
    placed = _place(resident, plan)
    resident.pay(placed["payment_id"])
    state_is(resident, placed["orders"][0]["order_id"], "completed")
    household_id = household(resident)["household_id"]

    def sold() -> dict[str, Any] | None:
        cards = resident.get("/cards", household_id=household_id)["items"]
        return next((card for card in cards if card["state"] == "active"), None)

    return wait_for(sold, "the card")
