"""`./linli story`: one order from the tap to the settled money, one cancelled, one paid too late;
one fetched with its code, one served at its time, one amended, one exchanged, one quarrelled over;
money that is split, given back in part, collected at a door, kept on a card whose shop leaves, set
against the property fee, withdrawn; and a day of the channel's that is reconciled and closed.

Everything goes over HTTP, RabbitMQ and real signatures, against what `./linli up --demo` started;
at the end the books are proved. Run again, it tells the story with new orders.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import requests

from deploy.demo import closing_story, deal_story, money_story, names, quarrel_story
from deploy.demo.acts import (
    fill_shelf,
    merchant_balance,
    order_something,
    photo,
    state_is,
    visit_of,
)
from deploy.demo.clients import (
    HttpRefused,
    NeverCame,
    prepay_id_of,
    sign_in_by_pages,
    wait_for,
)
from deploy.demo.connection import demo_id, openid_of
from deploy.demo.teller import RESIDENT, Story


def tell_first_order(story: Story) -> None:
    """Tap → paid → confirmed → dispatched → gate → delivered → received → settled."""
    with story.step("a resident signs in through WeChat's OAuth, page by page"):
        browser = sign_in_by_pages(story.gateway, openid_of(RESIDENT))
        assert browser.get(f"{story.gateway}/h5/", timeout=15).ok
    resident, keeper = story.person(RESIDENT), story.person(story.shop.keeper.key)
    with story.step("finds a shop and something on its shelf") as notes:
        query = {"text": story.shop.goods[0].name, "store_ids": story.store_id}
        item = resident.get("/items", **query)["items"][0]
        notes.append(f"{item['name']} ¥{item['skus'][0]['price_fen'] / 100:.2f}")
    before = merchant_balance(keeper)
    newest = story.last_message(openid_of(story.shop.keeper.key))
    with story.step("orders two of it") as notes:
        placed = order_something(story, resident, item, 2)
        order_id = placed["orders"][0]["order_id"]
        notes.append(f"#{placed['orders'][0]['number']} ¥{placed['amount_fen'] / 100:.2f}")
    with story.step("pays with WeChat Pay; the signed notice makes the order paid"):
        resident.pay(placed["payment_id"])
        state_is(resident, order_id, "awaiting_confirmation")
    with story.step("the merchant's phone says so") as notes:
        number = placed["orders"][0]["number"]
        notes.append(story.told(openid_of(story.shop.keeper.key), number, newest)["title"])
    with story.step("the merchant takes the order, packs it, hands it to a courier") as notes:
        keeper.post(f"/orders/{order_id}/confirm")
        keeper.post(f"/orders/{order_id}/ready")
        courier_id = demo_id("courier", story.shop.couriers[0].key)
        order = keeper.post(f"/orders/{order_id}/dispatch", {"courier_id": courier_id})
        notes.append(order["courier_name"])
    bring_to_the_door(story, order_id)
    with story.step("the resident confirms; the money is the merchant's the same moment") as notes:
        state_is(resident, order_id, "delivered")
        resident.post(f"/orders/{order_id}/confirm-receipt")
        wanted = before + placed["amount_fen"]
        wait_for(lambda: merchant_balance(keeper) == wanted, "the merchant's money")
        notes.append(f"¥{before / 100:.2f} → ¥{wanted / 100:.2f}")
    with story.step("the order's timeline tells it all") as notes:
        order = wait_for(
            lambda: seen if (seen := resident.get(f"/orders/{order_id}"))["settled_at"] else None,
            "settled on the order",
        )
        notes.append(" → ".join(entry["step"] for entry in order["timeline"]))


def bring_to_the_door(story: Story, order_id: str) -> None:
    """The courier's part, and the guard's."""
    courier = story.person(story.shop.couriers[0].key)
    guard = story.staff("menwei1")
    gate_id = demo_id("gate", names.community().gates[0])
    with story.step("the guard checks the courier's pass and lets him in") as notes:
        visit, drop = visit_of(courier, order_id)
        pass_ = courier.get(f"/visits/{visit['visit_id']}/pass")
        checked = guard.post(
            f"/communities/{story.community_id}/passes/check", {"code": pass_["digits"]}
        )
        assert checked["visit_id"] == visit["visit_id"]
        if checked["state"] == "expected":
            guard.post(f"/visits/{visit['visit_id']}/admit", {"gate_id": gate_id})
        notes.append(f"{checked['courier_name']} {pass_['digits']}")
    with story.step("the courier delivers to the door, with a photo"):
        courier.post(f"/drops/{drop['drop_id']}/deliver", courier.upload(photo()))
    with story.step("and leaves by the same gate"):
        guard.post(f"/visits/{visit['visit_id']}/leave", {"gate_id": gate_id})


def tell_cancelled_order(story: Story) -> None:
    """Paid, then cancelled before the merchant took it: the money goes back the way it came."""
    resident = story.person(RESIDENT)
    item = resident.get("/items", store_ids=story.store_id)["items"][0]
    with story.step("a second order is paid") as notes:
        placed = order_something(story, resident, item, 1)
        order_id = placed["orders"][0]["order_id"]
        paid = resident.pay(placed["payment_id"])
        state_is(resident, order_id, "awaiting_confirmation")
        notes.append(f"¥{placed['amount_fen'] / 100:.2f}")
    with story.step("cancelled by the resident; WeChat Pay gives the money back"):
        resident.post(f"/orders/{order_id}/cancel", {"reason": "临时出门，不需要了"})
        wait_for(lambda: resident.get(f"/orders/{order_id}")["refunded_at"], "the refund")
        assert trade_of(story, paid["out_trade_no"])["refunded_fen"] == placed["amount_fen"]


def tell_late_order(story: Story) -> None:
    """Cancelled while the money was on its way: it comes after closing, and goes back by itself."""
    resident = story.person(RESIDENT)
    item = resident.get("/items", store_ids=story.store_id)["items"][0]
    with story.step("a third order is closed before its money arrives") as notes:
        placed = order_something(story, resident, item, 1)
        order_id = placed["orders"][0]["order_id"]
        prepay_id = prepay_id_of(resident.offer(placed["payment_id"]))
        resident.post(f"/orders/{order_id}/cancel", {"reason": "不想买了"})
        state_is(resident, order_id, "cancelled")
        notes.append(f"¥{placed['amount_fen'] / 100:.2f}")
    with story.step("it is paid too late, and refunded by itself"):
        story.phone.trouble(pay_after_close=True)
        try:
            paid = resident.confirm(prepay_id)
        finally:
            story.phone.trouble()
        wait_for(
            lambda: trade_of(story, paid["out_trade_no"])["refunded_fen"] == paid["total_fen"],
            "the refund of the late payment",
        )
        assert resident.get(f"/orders/{order_id}")["state"] == "cancelled"


def trade_of(story: Story, out_trade_no: str) -> dict[str, Any]:
    """One line of the channel's own bill."""
    for trade in story.phone.get("bill.json")["trades"]:
        if trade["out_trade_no"] == out_trade_no:
            line: dict[str, Any] = trade
            return line
    raise AssertionError(f"the channel does not know {out_trade_no}")


def prove_the_books(story: Story) -> dict[str, Any]:
    """Ledger = orders = the channel's own bill, every proof of them."""
    with story.step("the books are proved") as notes:
        audit = run_audit()
        for proof in audit["proofs"]:
            if not proof["holds"]:
                notes.append(f"{proof['name']}: {proof['differences'][:3]}")
        notes.append(f"{len(audit['proofs'])} proofs")
        assert audit["proved"], audit
    return audit


def run_audit() -> dict[str, Any]:
    """What `./linli audit --json` says."""
    command = [sys.executable, "-W", "ignore", "-m", "services.settlement.audit", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    try:
        audit: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"the audit did not run: {done.stderr[-800:]}") from None
    return audit


def main() -> int:
    """Tell the story; 0 when every step came true and the books are proved."""
    parser = argparse.ArgumentParser(prog="./linli story", description=__doc__)
    parser.add_argument("--json", action="store_true", help="steps and timings for programs")
    arguments = parser.parse_args()
    story = Story(tell=not arguments.json)
    audit: dict[str, Any] = {}
    fault = ""
    try:
        fill_shelf(story)
        tell_first_order(story)
        tell_cancelled_order(story)
        tell_late_order(story)
        deal_story.tell(story)
        quarrel_story.tell(story)
        money_story.tell(story)
        closing_story.tell(story)
        audit = prove_the_books(story)
    except (AssertionError, HttpRefused, NeverCame, requests.RequestException) as error:
        fault = f"{type(error).__name__}: {error}"
    if arguments.json:
        steps = [asdict(step) for step in story.steps]
        json.dump(
            {"ok": not fault, "fault": fault, "steps": steps, "audit": audit},
            sys.stdout,
            ensure_ascii=False,
            indent=1,
        )
        print()
    elif fault:
        print(f"the story broke: {fault}")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
