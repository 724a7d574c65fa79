"""The money pages of households, merchants and couriers: drawn, written once, refused in words."""

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from services.contracts.cards import CardState, NoSuchCard
from services.contracts.delivery import VisitState
from services.contracts.fees import NoSuchBill
from services.contracts.orders import RefundTo
from services.contracts.permissions import Role
from services.contracts.settlement import (
    CashState,
    EscrowState,
    FundQuery,
    NotYourFund,
    NotYourOrderMoney,
    RefundState,
    RefundView,
)
from services.contracts.withdrawals import (
    NoSuchWithdrawal,
)
from services.kernel.errors import LinliError, Unavailable
from tests.gateway.people import browser, send
from tests.support.gateway import (
    DROP,
    HOUSEHOLD,
    MERCHANT,
    NOW,
    ORDER,
    STORE,
    World,
    jpeg,
    visit,
)
from tests.support.gateway_money import (
    BILL,
    CARD,
    FEE_PAYMENT,
    WITHDRAWAL,
    answer_with,
    asked,
    card,
    cash,
    fund,
    one,
    order_money,
)

pytestmark = pytest.mark.usefixtures("money")


SHOP = f"?store_id={STORE}"
PAGES = [
    (Role.OWNER, "/h5/account", "家庭账户"),
    (Role.OWNER, "/h5/withdraw", "提到哪里"),
    (Role.OWNER, "/h5/withdrawals", "已到账"),
    (Role.OWNER, f"/h5/withdrawals/{WITHDRAWAL}", "待付款"),
    (Role.OWNER, "/h5/bank", "**** 4321"),
    (Role.OWNER, "/h5/fees", "待缴 1 张"),
    (Role.OWNER, f"/h5/fees/{BILL}", "抵扣物业费"),
    (Role.OWNER, f"/h5/fees/{BILL}/offset", "我同意用"),
    (Role.OWNER, "/h5/cards", "由物业保管"),
    (Role.OWNER, f"/h5/cards/{CARD}", "本金不会过期"),
    (Role.OWNER, f"/h5/orders/{ORDER}/money", "家庭账户"),
    (Role.SHOPKEEPER, "/h5/merchant/balance", "对账单"),
    (Role.SHOPKEEPER, f"/h5/merchant/settled{SHOP}&day=2026-03-01", "物业补贴"),
    (Role.SHOPKEEPER, "/h5/merchant/settled?day=nonsense", "今日到账"),
    (Role.SHOPKEEPER, f"/h5/merchant/withdraw{SHOP}", "提到哪里"),
    (Role.SHOPKEEPER, f"/h5/merchant/withdrawals{SHOP}", "提现记录"),
    (Role.SHOPKEEPER, f"/h5/merchant/withdrawals/{WITHDRAWAL}{SHOP}", "待付款"),
    (Role.SHOPKEEPER, f"/h5/merchant/bank{SHOP}", "换一张卡"),
    (Role.SHOPKEEPER, f"/h5/merchant/fees{SHOP}", "铺面"),
    (Role.SHOPKEEPER, f"/h5/merchant/fees/{BILL}/offset{SHOP}", "货款余额"),
    (Role.SHOPKEEPER, f"/h5/merchant/cards{SHOP}", "会员每用一笔"),
    (Role.SHOPKEEPER, f"/h5/merchant/orders/{ORDER}/money", "钱的去向"),
]


@pytest.mark.parametrize(("role", "path", "words"), PAGES, ids=[path for _, path, _ in PAGES])
def test_each_page_is_drawn_for_its_people(world: World, role: Role, path: str, words: str) -> None:
    answer = browser(world, role).get(path)
    assert answer.status_code == 200, answer.text
    assert words in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("path", "method", "error"),
    [
        ("/h5/account", "fund", NotYourFund()),
        (f"/h5/withdrawals/{WITHDRAWAL}", "withdrawal", NoSuchWithdrawal()),
        (f"/h5/fees/{BILL}", "fee_bill", NoSuchBill()),
        (f"/h5/fees/{BILL}/offset", "fee_bill", NoSuchBill()),
        (f"/h5/fees/{FEE_PAYMENT}/receipt.pdf", "fee_receipt", NoSuchBill()),
        (f"/h5/cards/{CARD}", "card", NoSuchCard()),
        (f"/h5/orders/{ORDER}/money", "order_money", NotYourOrderMoney()),
    ],
)
def test_another_households_money_is_not_there(
    world: World, path: str, method: str, error: LinliError
) -> None:
    answer_with(world, method, error)
    answer = browser(world).get(path)
    assert answer.status_code == 404
    assert "不属于您" in answer.text


@pytest.mark.parametrize("path", ["balance", "withdraw", "fees", "cards", "settled", "bank"])
def test_a_stranger_has_no_merchants_pages(world: World, path: str) -> None:
    assert browser(world, Role.COURIER).get(f"/h5/merchant/{path}").status_code == 403


def test_the_pages_ask_for_the_owner_of_the_session_and_no_other(world: World) -> None:
    client = browser(world, Role.OWNER, Role.SHOPKEEPER)
    client.get("/h5/account?owner_id=somebody")
    client.get("/h5/merchant/balance?after=x")
    household, merchant = world.services.questions("settlement.fund")
    assert household == FundQuery(owner_kind="household", owner_id=HOUSEHOLD, limit=20)
    assert merchant == FundQuery(owner_kind="merchant", owner_id=MERCHANT, limit=20, after="x")


def test_the_statement_says_why_and_leads_to_the_order(world: World) -> None:
    answer_with(world, "fund", fund(next_after="older"))
    page = browser(world).get("/h5/account?after=newer").text
    for words in ("抵扣物业费", "−¥5.00", "余额 ¥9.00", f'href="/h5/orders/{ORDER}/money"'):
        assert words in page
    assert "after=older" in page
    assert "回到最新" in page


# cards, and one order's money


def test_a_card_says_what_is_money_and_what_is_promise_and_who_keeps_it(world: World) -> None:
    page = browser(world).get("/h5/cards").text
    for words in ("¥2.00", "¥0.20", "老陈早餐", "由物业保管"):
        assert words in page
    gone = card(state=CardState.RETURNED, money_fen=0, gift_fen=0)
    answer_with(world, "card", gone)
    world.services.answers["identity.stores"] = Unavailable()
    assert "本金已退到您的家庭账户" in browser(world).get(f"/h5/cards/{CARD}").text


def test_members_cards_are_added_up_over_all_pages(world: World) -> None:
    pages = iter([one(card(), "more"), one(card(money_fen=800))])
    answer_with(world, "cards", lambda _: next(pages))
    page = browser(world, Role.SHOPKEEPER).get("/h5/merchant/cards").text
    assert "2 张卡" in page
    assert "¥10.00" in page


def test_one_orders_money_shows_its_parts_its_refunds_and_the_commission(world: World) -> None:
    part = RefundView(
        refund_id=WITHDRAWAL,
        amount_fen=300,
        state=RefundState.DONE,
        to=RefundTo.CARD,
        at=NOW,
        note="少了一根",
    )
    answer_with(
        world,
        "order_money",
        order_money(
            state=EscrowState.RELEASED,
            held_fen=0,
            refunded_fen=300,
            commission_fen=50,
            refunds=[part],
        ),
    )
    page = browser(world).get(f"/h5/orders/{ORDER}/money").text
    for words in ("¥5.00", "¥9.00", "退回会员卡", "少了一根", "物业服务费", "¥10.50"):
        assert words in page


@pytest.mark.parametrize(
    ("state", "words"), [(CashState.DUE, "交给配送员"), (CashState.COLLECTED, "现金在配送员手上")]
)
def test_cash_that_is_not_here_yet_is_not_said_to_be_held(
    world: World, state: CashState, words: str
) -> None:
    answer_with(world, "order_money", order_money(channel="delivery", cash=state))
    page = browser(world).get(f"/h5/orders/{ORDER}/money").text
    assert words in page
    assert "物业保管中" not in page


# the merchant's day and its file


def test_the_days_orders_show_what_each_left_over(world: World) -> None:
    page = browser(world, Role.SHOPKEEPER).get("/h5/merchant/settled?day=2026-03-01").text
    assert str(asked(world, "settled_orders").day) == "2026-03-01"
    for words in ("¥12.40", "−¥0.60", "¥1.00", "day=2026-02-28"):
        assert words in page


def test_a_statement_is_a_table_of_one_month_read_page_by_page(world: World) -> None:
    newest, middle, oldest = (fund(next_after=after) for after in ("2", "3", "4"))
    line = newest.lines[0]
    spoiled = line.model_copy(update={"reason": "=1+1"})
    earlier = line.model_copy(update={"at": NOW - timedelta(days=40)})
    later = line.model_copy(update={"at": NOW + timedelta(days=31)})
    pages = iter(
        [
            newest.model_copy(update={"lines": [later, line]}),
            middle.model_copy(update={"lines": [spoiled, earlier]}),
            oldest,
        ]
    )
    answer_with(world, "fund", lambda _: next(pages))
    answer = browser(world, Role.SHOPKEEPER).get("/h5/merchant/statement.xlsx?month=2026-03")
    assert answer.status_code == 200
    rows = list(load_workbook(io.BytesIO(answer.data)).active.values)
    assert len(rows) == 3, "the head, and the two lines of the month"
    assert rows[1][2:5] == (-5, 9, ORDER)
    assert rows[2][1] == "=1+1", "a text, not a formula"
    assert [q.after for q in world.services.questions("settlement.fund")] == [None, "2"]


# cash at the door


def test_the_courier_sees_what_is_to_be_collected_and_where_it_goes(world: World) -> None:
    answer_with(world, "cash_due", cash(CashState.DUE))
    client = browser(world, Role.COURIER)
    assert "收现金" in client.get("/h5/courier/").text
    page = client.get(f"/h5/courier/drops/{DROP}").text
    for words in ("收现金", "¥36.00", "物业前台", 'name="cash_taken"'):
        assert words in page
    assert world.services.questions("settlement.cash_due")[0].order_ids == [ORDER]


def test_what_was_collected_is_to_be_handed_in(world: World) -> None:
    answer_with(world, "cash_due", cash(CashState.COLLECTED))
    page = browser(world, Role.COURIER).get("/h5/courier/").text
    assert "您手上的现金" in page
    assert "物业前台" in page


def test_a_parcel_to_be_paid_at_the_door_needs_the_cash_first(world: World) -> None:
    answer_with(world, "cash_due", cash(CashState.DUE))
    world.services.answers["delivery.deliver_drop"] = visit(VisitState.INSIDE).drops[0]
    client, path = browser(world, Role.COURIER), f"/h5/courier/drops/{DROP}"
    answer = send(client, path, photo=(io.BytesIO(jpeg()), "door.jpg"))
    assert answer.status_code == 422
    assert "请先收现金 ¥36.00" in answer.text
    assert world.services.questions("delivery.deliver_drop") == []
    taken = send(client, path, photo=(io.BytesIO(jpeg()), "door.jpg"), cash_taken="1")
    assert taken.status_code == 303


def test_couriers_go_on_while_settlement_is_silent(world: World) -> None:
    answer_with(world, "cash_due", Unavailable())
    page = browser(world, Role.COURIER).get("/h5/courier/").text
    assert "暂时查不到要收的现金" in page
