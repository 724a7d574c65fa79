"""The property fee on a phone: paid, set off with consent, its receipt."""

import pytest

from services.contracts.fees import BillOver, FeeBillState
from services.contracts.permissions import Role
from services.contracts.settlement import (
    InsufficientFunds,
)
from services.kernel.errors import LinliError, Unavailable
from tests.gateway.people import browser, send
from tests.support.gateway import (
    HOME,
    HOUSEHOLD,
    MERCHANT,
    PAYMENT,
    World,
)
from tests.support.gateway_money import (
    BILL,
    FEE_PAYMENT,
    PDF,
    answer_with,
    asked,
    bill,
    fund,
    one,
)

pytestmark = pytest.mark.usefixtures("money")


def test_picked_bills_become_one_payment(world: World) -> None:
    answer = send(browser(world), "/h5/fees/pay", bill_id=[BILL, FEE_PAYMENT])
    assert answer.location == f"/h5/pay/{PAYMENT}"
    wish = asked(world, "open_fee_payment")
    assert (wish.household_id, wish.bill_ids) == (HOUSEHOLD, [BILL, FEE_PAYMENT])


def test_the_bills_of_the_home_are_asked_for(world: World) -> None:
    client = browser(world, Role.OWNER, Role.SHOPKEEPER)
    client.get("/h5/fees")
    client.get("/h5/merchant/fees")
    home, shop = world.services.questions("settlement.fee_bills")
    assert (home.debtor_kind, home.debtor_id) == ("home", HOME)
    assert (shop.debtor_kind, shop.debtor_id) == ("merchant", MERCHANT)


@pytest.mark.parametrize(
    ("bills", "words"), [([], "请至少选一张"), ([BILL] * 13, "一次最多缴 12 张")]
)
def test_too_few_and_too_many_bills_are_said(world: World, bills: list[str], words: str) -> None:
    answer = send(browser(world), "/h5/fees/pay", bill_id=bills)
    assert answer.status_code == 422
    assert words in answer.text


def consent_on(page: str) -> str:
    """The sentence that the page shows beside its box."""
    return page.split('name="consent" value="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("role", "base", "owner"),
    [(Role.OWNER, "/h5", HOUSEHOLD), (Role.SHOPKEEPER, "/h5/merchant", MERCHANT)],
)
def test_a_fee_is_offset_with_the_sentence_that_was_agreed_to(
    world: World, role: Role, base: str, owner: str
) -> None:
    answer_with(world, "offset_fee", Unavailable())
    client, path = browser(world, role), f"{base}/fees/{BILL}/offset"
    sentence = consent_on(client.get(path).text)
    assert "¥6.00" in sentence
    answer_with(world, "offset_fee", one(bill()))
    assert send(client, path, consent=sentence).status_code == 303
    wish = asked(world, "offset_fee")
    assert (wish.consent, wish.amount_fen, wish.owner_id) == (sentence, 600, owner)


@pytest.mark.parametrize("consent", ["", "我同意", "我同意用别人的钱"])
def test_without_exactly_that_sentence_nothing_is_offset(world: World, consent: str) -> None:
    answer = send(browser(world), f"/h5/fees/{BILL}/offset", consent=consent)
    assert answer.status_code == 422
    assert "同意就打勾" in answer.text
    assert world.services.questions("settlement.offset_fee") == []


def test_an_amount_that_changed_meanwhile_is_agreed_to_anew(world: World) -> None:
    client, path = browser(world), f"/h5/fees/{BILL}/offset"
    sentence = consent_on(client.get(path).text)
    answer_with(world, "fee_bill", bill(amount_fen=700))
    answer = send(client, path, consent=sentence)
    assert answer.status_code == 422
    assert "¥7.00" in consent_on(answer.text)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BillOver(fields={"state": "paying"}), "正在缴，或者已经缴过"),
        (InsufficientFunds(), "没有这么多钱"),
    ],
)
def test_each_refusal_of_an_offset_is_said(world: World, error: LinliError, words: str) -> None:
    client, path = browser(world), f"/h5/fees/{BILL}/offset"
    sentence = consent_on(client.get(path).text)
    answer_with(world, "offset_fee", error)
    answer = send(client, path, consent=sentence)
    assert answer.status_code in {409, 422}
    assert words in answer.text


def test_too_little_on_the_fund_is_said_before_anything_is_pressed(world: World) -> None:
    answer_with(world, "fund", fund(balance_fen=100))
    page = browser(world).get(f"/h5/fees/{BILL}/offset").text
    assert "余额还差 ¥5.00" in page
    assert 'name="consent"' not in page


def test_a_receipt_is_a_pdf(world: World) -> None:
    answer_with(world, "fee_bill", bill(FeeBillState.CLOSED))
    client = browser(world)
    href = f"/h5/fees/{FEE_PAYMENT}/receipt.pdf"
    assert f'href="{href}"' in client.get(f"/h5/fees/{BILL}").text
    answer = client.get(href)
    assert (answer.mimetype, answer.data) == ("application/pdf", PDF)
    assert answer.headers["Content-Disposition"] == "inline; filename=SJ-1.pdf"
    assert answer.headers["Cache-Control"] == "no-store"
