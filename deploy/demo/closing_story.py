"""The fund pays the property fee and is withdrawn; a day of the channel's is reconciled."""

import base64
from datetime import date, datetime, timedelta
from typing import Any

from deploy.demo.acts import (
    household,
    household_balance,
    order_something,
    something_for_sale,
    state_is,
)
from deploy.demo.clients import HttpRefused, Person, Staff, prepay_id_of, wait_for
from deploy.demo.teller import RESIDENT, Story
from services.kernel.clock import now
from services.kernel.ids import new_id
from services.settlement.domain.days import BEIJING, day_of

FEE_FEN, WITHDRAWN_FEN = 8_800, 60_000
CONSENT = "本户同意用资金账户余额抵扣这笔物业费"
ALTERED_FEN, DAYS_BACK = 310, 30


def tell(story: Story) -> None:
    """All of it."""
    tell_fee(story)
    tell_withdrawal(story)
    tell_reconciled_day(story)


def tell_fee(story: Story) -> None:
    """A bill of the fee system's, offset with the household's fund, accepted, with a receipt."""
    resident = story.person(RESIDENT)
    home = household(resident)
    number = f"WY{new_id()[-10:]}"
    with story.step("the fee system has a new bill for the home"):
        today = day_of(now())
        bill = {
            "community_id": story.community_id,
            "number": number,
            "debtor_kind": "home",
            "debtor_id": home["home_id"],
            "title": "物业费",
            "period": f"{today:%Y-%m}",
            "amount_fen": FEE_FEN,
            "due_day": f"{today + timedelta(days=20)}",
        }
        story.phone.send("PUT", "fees/bills", bill)
        story.staff("chuna").post("/fees/fetch")
        bill_id = wait_for(lambda: _bill(resident, home["home_id"], number), "the bill")["bill_id"]
    with story.step("the household sets its fund against it; the fee system accepts") as notes:
        body = {
            "owner_kind": "household",
            "owner_id": home["household_id"],
            "amount_fen": FEE_FEN,
            "consent": CONSENT,
        }
        paid = resident.post(f"/fees/{bill_id}/offset", body)
        wait_for(lambda: resident.get(f"/fees/{bill_id}")["state"] == "closed", "the acceptance")
        receipt = resident.get(f"/fee-payments/{paid['fee_payment_id']}/receipt")
        assert base64.b64decode(receipt["pdf_base64"]).startswith(b"%PDF")
        notes.append(f"¥{FEE_FEN / 100:.2f}, receipt {receipt['receipt_number']}")


def _bill(resident: Person, home_id: str, number: str) -> Any:
    bills = resident.get("/fees", debtor_kind="home", debtor_id=home_id, limit=100)["items"]
    return next((bill for bill in bills if bill["external_number"] == number), None)


def tell_withdrawal(story: Story) -> None:
    """Asked for, approved by another pair of eyes, confirmed on the payee's phone."""
    resident = story.person(RESIDENT)
    owner_id = household(resident)["household_id"]
    before = household_balance(resident)
    with story.step("the household withdraws; the money is set aside, and waits for approval"):
        body = {"amount_fen": WITHDRAWN_FEN, "way": "wechat", "openid": resident.openid}
        asked = resident.post(f"/funds/household/{owner_id}/withdrawals", body)
        assert asked["state"] == "to_approve"
        assert household_balance(resident) == before - WITHDRAWN_FEN
    with story.step("the cashier may not approve, the accountant may"):
        path = f"/withdrawals/{asked['withdrawal_id']}"
        cashier = story.staff("chuna")
        assert _refusal(cashier, f"{path}/approve").status == 403
        story.staff("kuaiji").post(f"{path}/approve")
    with story.step("WeChat waits for the payee, who confirms on the phone") as notes:
        wait_for(lambda: resident.get(path)["state"] == "awaiting_payee", "WeChat's question")
        story.phone.send("POST", f"transfers/{asked['withdrawal_id']}/confirm")
        wait_for(lambda: resident.get(path, refresh=True)["state"] == "done", "the payout")
        notes.append(f"¥{WITHDRAWN_FEN / 100:.2f}")


def _refusal(who: Staff, path: str) -> HttpRefused:
    """What the service says to somebody who may not, or not yet."""
    try:
        who.post(path)
    except HttpRefused as refusal:
        return refusal
    raise AssertionError(f"{path} was granted")


def tell_reconciled_day(story: Story) -> None:
    """Three differences planted in the channel's bill are found, explained, and gone."""
    accountant = story.staff("kuaiji")
    day = _open_day(accountant)
    with story.step(f"three orders of {day}; the bill of the day comes with three faults") as notes:
        trades = [_paid_back_then(story, day) for _ in range(3)]
        _falsify(story, day, dropped=trades[0], altered=trades[1])
        notes.append("one line missing, one of another amount, one unknown")
    with story.step("reconciling finds all three, in words an accountant understands") as notes:
        seen = _reconcile(accountant, day)
        found = _differences(accountant, seen["day_id"])
        assert sorted(one["kind"] for one in found) == ["amount", "only_ours", "only_theirs"]
        notes += [one["words"] for one in found[:1]]
    with story.step("the day cannot be closed like that; the channel corrects its bill"):
        refusal = _refusal(accountant, f"/reconciliation/{seen['day_id']}/close")
        assert refusal.code == "settlement.day_over"
        story.phone.send("DELETE", "bill-faults")
    with story.step("matched again without a difference, it is closed by a person") as notes:
        seen = _reconcile(accountant, day)
        assert _differences(accountant, seen["day_id"]) == []
        closed = accountant.post(f"/reconciliation/{seen['day_id']}/close")
        assert closed["state"] == "closed"
        notes.append(f"{closed['matched_count']} lines, fees ¥{closed['fee_fen'] / 100:.2f}")


def _open_day(accountant: Staff) -> date:
    """The last day that is over and that nobody has closed yet."""
    days = accountant.get("/reconciliation", channel="wechat", state="closed", limit=100)["items"]
    closed = {one["day"] for one in days}
    today = day_of(now())
    past = (today - timedelta(days=back) for back in range(1, DAYS_BACK))
    return next(day for day in past if day.isoformat() not in closed)


def _paid_back_then(story: Story, day: date) -> str:
    """An order whose payment is dated back: its number at the channel."""
    resident = story.person(RESIDENT)
    placed = order_something(story, resident, something_for_sale(story, resident), 1)
    prepay_id = prepay_id_of(resident.offer(placed["payment_id"]))
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=BEIJING)
    paid = resident.confirm(prepay_id, paid_at=noon.isoformat())
    state_is(resident, placed["orders"][0]["order_id"], "awaiting_confirmation")
    number: str = paid["out_trade_no"]
    return number


def _falsify(story: Story, day: date, dropped: str, altered: str) -> None:
    faults = {
        "channel": "wechat",
        "day": day.isoformat(),
        "drop": [dropped],
        "alter": {altered: ALTERED_FEN},
        "add": [{"out_trade_no": new_id(), "amount_fen": 1234}],
    }
    story.phone.send("PUT", "bill-faults", faults)


def _reconcile(accountant: Staff, day: date) -> Any:
    seen = accountant.post("/reconciliation", {"channel": "wechat", "day": day.isoformat()})

    def matched() -> Any:
        path = "/reconciliation"
        days = accountant.get(path, channel="wechat", limit=100)["items"]
        now_ = next(one for one in days if one["day_id"] == seen["day_id"])
        return now_ if now_["state"] not in ("waiting", "matching") else None

    return wait_for(matched, f"the bill of {day}")


def _differences(accountant: Staff, day_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = accountant.get(f"/reconciliation/{day_id}/differences")["items"]
    return [one for one in found if one["resolved"] is None]
