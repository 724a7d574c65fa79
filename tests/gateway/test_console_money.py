"""The money pages of the console: who sees them, what each form posts, refusals in words."""

import io
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.contracts import fees, reconciliation, settlement
from services.contracts.permissions import Role
from services.kernel.errors import DeadlineExceeded, Forbidden
from tests.gateway.people import KEY, browser, send
from tests.support.gateway import COMMUNITY, COURIER, MERCHANT, ORDER, PAYMENT, World
from tests.support.treasury import (
    BATCH,
    BILL,
    DAY,
    DIFFERENCE,
    FEE_PAYMENT,
    REFUND,
    TRANSFER,
    WITHDRAWAL,
    asked,
    with_treasury,
)


@pytest.fixture
def desk(world: World) -> World:
    """A settlement that answers all that the desk asks."""
    return with_treasury(world)


def posted(client: FlaskClient, path: str, **fields: Any) -> Any:
    return send(client, f"/console/money/{path}", **fields)


PATHS = [
    "/console/money/desk",
    f"/console/money/desk?find={PAYMENT}",
    "/console/money/desk?find=0317",
    f"/console/money/receipts/{PAYMENT}",
    "/console/money/deposits",
    "/console/money/cash?state=collected",
    f"/console/money/cash?courier_id={COURIER}",
    "/console/money/refunds?state=failed",
    "/console/money/withdrawals?state=to_approve",
    f"/console/money/withdrawals/{WITHDRAWAL}",
    "/console/money/bank-files",
    f"/console/money/bank-files/{BATCH}",
    "/console/money/days?channel=wechat&state=open",
    f"/console/money/days/{DAY}?only_open=1",
    "/console/money/balance",
    f"/console/money/funds/merchant/{MERCHANT}",
    f"/console/money/corrections?transfer_id={TRANSFER}&order_id={ORDER}",
    "/console/money/rules",
    "/console/money/custody",
    "/console/money/fees?state=open&debtor_kind=home",
    f"/console/money/fees/{BILL}",
    "/console/money/fee-payments?day=2026-11-22&state=accepted",
    "/console/money/fees/import",
    "/console/money/cards",
    f"/console/money/cards?merchant_id={MERCHANT}",
    f"/console/orders/{ORDER}",
]


@pytest.mark.parametrize("path", PATHS)
def test_each_money_page_is_drawn_for_staff(desk: World, path: str) -> None:
    page = browser(desk, Role.MANAGER).get(path)
    assert page.status_code == 200, page.text
    assert "</html>" in page.text
    assert "<script>" not in page.text


def test_money_pages_are_shut_to_all_others(desk: World) -> None:
    client = browser(desk, Role.SHOPKEEPER)
    assert {client.get(path).status_code for path in PATHS} == {403}


FORMS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        f"payments/{PAYMENT}/take",
        {"paid_with": "pos", "reference": "88"},
        "take_at_desk",
        {"payment_id": PAYMENT, "method": "pos", "reference": "88"},
    ),
    (
        "deposits",
        {"merchant_id": MERCHANT, "amount": "2,000.50", "paid_with": "cash"},
        "take_deposit",
        {"merchant_id": MERCHANT, "amount_fen": 200050, "method": "cash"},
    ),
    (
        f"cash?courier_id={COURIER}",
        {"id": [ORDER, PAYMENT], "amount": "27"},
        "hand_in_cash",
        {"order_ids": [ORDER, PAYMENT], "amount_fen": 2700},
    ),
    (f"refunds/{REFUND}/retry", {}, "retry_refund", {"refund_id": REFUND}),
    (
        f"refunds/{REFUND}/redirect",
        {"reason": "卡已注销"},
        "redirect_refund",
        {"refund_id": REFUND, "reason": "卡已注销"},
    ),
    (
        f"refunds/{REFUND}/pay-out",
        {"reference": "张桂兰"},
        "pay_out_refund",
        {"refund_id": REFUND, "reference": "张桂兰"},
    ),
    (
        f"withdrawals/{WITHDRAWAL}/approve",
        {},
        "approve_withdrawal",
        {"withdrawal_id": WITHDRAWAL},
    ),
    (
        f"withdrawals/{WITHDRAWAL}/reject",
        {"reason": "户名不符"},
        "reject_withdrawal",
        {"withdrawal_id": WITHDRAWAL, "reason": "户名不符"},
    ),
    ("bank-files", {}, "make_bank_file", {}),
    (
        f"bank-files/{BATCH}/result",
        {"csv": (io.BytesIO("号,成功,\n".encode("gb18030")), "r.csv")},
        "import_bank_result",
        {"batch_id": BATCH, "csv": "号,成功,"},
    ),
    (
        "days",
        {"channel": "alipay", "day": "2026-11-21"},
        "reconcile_day",
        {"channel": "alipay", "day": date(2026, 11, 21)},
    ),
    (
        f"days/{DAY}/differences/{DIFFERENCE}",
        {"action": "ask_channel", "reason": "通知丢了"},
        "mend_difference",
        {"difference_id": DIFFERENCE, "action": "ask_channel", "reason": "通知丢了"},
    ),
    (f"days/{DAY}/close", {}, "close_day", {"day_id": DAY}),
    (
        f"days/{DAY}/again",
        {"channel": "wechat", "day": "2026-11-21"},
        "reconcile_day",
        {"channel": "wechat"},
    ),
    (
        "corrections",
        {"transfer_id": TRANSFER, "reason": "记错了商家"},
        "correct_transfer",
        {"transfer_id": TRANSFER, "reason": "记错了商家"},
    ),
    (
        "rules",
        {"merchant_id": "", "category": "洗衣", "rate": "2.5", "from_day": "2026-12-01"},
        "put_commission_rule",
        {"merchant_id": None, "category": "洗衣", "rate_bp": 250, "until_day": None},
    ),
    (
        "custody",
        {"community_id": COMMUNITY, "custody": "platform"},
        "put_custody",
        {"community_id": COMMUNITY, "custody": "platform"},
    ),
    (
        "sub-merchants",
        {"community_id": COMMUNITY, "merchant_id": MERCHANT, "sub_mchid": "1900000201"},
        "put_sub_merchant",
        {"merchant_id": MERCHANT, "sub_mchid": "1900000201"},
    ),
    (
        f"fees/{BILL}/take",
        {"paid_with": "cash"},
        "take_fee_at_desk",
        {"bill_id": BILL, "method": "cash"},
    ),
    (
        f"fees/{BILL}/reverse/{FEE_PAYMENT}",
        {"reason": "收错一户"},
        "reverse_fee_payment",
        {"fee_payment_id": FEE_PAYMENT, "reason": "收错一户"},
    ),
    (
        "fees/import",
        {"community_id": COMMUNITY, "csv": (io.BytesIO(b"a,b"), "b.csv"), "dry_run": "1"},
        "import_fee_bills",
        {"community_id": COMMUNITY, "csv": "a,b", "dry_run": True},
    ),
    ("fees/fetch", {}, "fetch_fee_bills", {}),
]


@pytest.mark.parametrize(
    ("path", "fields", "name", "wish"), FORMS, ids=[form[0].split("?")[0][:40] for form in FORMS]
)
def test_each_form_posts_its_command_with_the_key_of_the_form(
    desk: World, path: str, fields: dict[str, Any], name: str, wish: dict[str, Any]
) -> None:
    given = {
        key: (io.BytesIO(value[0].getvalue()), value[1]) if isinstance(value, tuple) else value
        for key, value in fields.items()
    }
    answer = posted(browser(desk, Role.MANAGER), path, **given)
    assert answer.status_code in (200, 303), answer.text
    question = asked(desk, name)
    assert question.request_id == KEY
    assert {key: getattr(question, key) for key in wish} == wish


def test_a_cashier_gives_back_a_part_of_an_order(desk: World) -> None:
    client = browser(desk, Role.MANAGER)
    fields = {"amount": "3", "to": "fund", "reason": "少一份"}
    answer = send(client, f"/console/orders/{ORDER}/money/refund", **fields)
    assert (answer.status_code, answer.location) == (303, f"/console/orders/{ORDER}")
    question = asked(desk, "refund_order_part")
    assert (question.amount_fen, question.to) == (300, "fund")


@pytest.mark.parametrize("act", ["freeze", "rule"])
def test_nobody_freezes_or_rules_by_hand(desk: World, act: str) -> None:
    client = browser(desk, Role.MANAGER)
    fields = {"amount": "3", "to": "fund", "reason": "少一份"}
    answer = send(client, f"/console/orders/{ORDER}/money/{act}", **fields)
    assert answer.status_code == 404


REFUSED: list[tuple[str, dict[str, str], str, Exception, str]] = [
    (
        f"payments/{PAYMENT}/take",
        {"paid_with": "cash"},
        "take_at_desk",
        settlement.PaymentOver(),
        "已经付过，或者已经关闭",
    ),
    (f"refunds/{REFUND}/retry", {}, "retry_refund", Forbidden(), "您的身份不能做这件事"),
    (
        f"withdrawals/{WITHDRAWAL}/approve",
        {},
        "approve_withdrawal",
        settlement.NeedsAnotherPerson(),
        'role="alert"',
    ),
    (
        f"days/{DAY}/differences/{DIFFERENCE}",
        {"action": "explain", "reason": "已核实"},
        "mend_difference",
        reconciliation.NotThisWay(),
        'role="alert"',
    ),
    (
        "corrections",
        {"transfer_id": TRANSFER, "reason": "记错了商家"},
        "correct_transfer",
        settlement.NothingToCorrect(),
        "记错了商家",
    ),
    (f"fees/{BILL}/take", {"paid_with": "cash"}, "take_fee_at_desk", fees.BillOver(), "alert"),
]


@pytest.mark.parametrize(
    ("path", "fields", "name", "error", "words"), REFUSED, ids=[row[2] for row in REFUSED]
)
def test_what_the_service_refuses_is_said_on_the_page_in_words(
    desk: World, path: str, fields: dict[str, str], name: str, error: Exception, words: str
) -> None:
    desk.services.answers[f"settlement.{name}"] = error
    answer = posted(browser(desk, Role.MANAGER), path, **fields)
    assert 400 <= answer.status_code < 500
    assert words in answer.text
    assert "tone_bad" in answer.text


def test_an_amount_that_is_none_is_asked_for_again_and_nothing_is_taken(desk: World) -> None:
    fields = {"merchant_id": MERCHANT, "amount": "二百", "paid_with": "pos", "reference": "77"}
    answer = posted(browser(desk, Role.CASHIER), "deposits", **fields)
    assert answer.status_code == 422
    assert "请写金额" in answer.text
    assert 'value="二百"' in answer.text
    assert 'value="77"' in answer.text
    assert desk.services.questions("settlement.take_deposit") == []


def test_an_answer_that_did_not_come_keeps_the_key_of_the_form(desk: World) -> None:
    desk.services.answers["settlement.take_at_desk"] = DeadlineExceeded()
    answer = posted(browser(desk, Role.CASHIER), f"payments/{PAYMENT}/take", paid_with="cash")
    assert answer.status_code == 504
    assert f'value="{KEY}"' in answer.text


MENUS = {
    Role.CASHIER: ("desk", "refunds", "withdrawals", "fees", "cards", "balance"),
    Role.ACCOUNTANT: ("withdrawals", "days", "balance", "rules", "cards"),
    Role.CLERK: (),
}
ENTRIES = ("desk", "refunds", "withdrawals", "fees", "cards", "days", "balance", "rules")


@pytest.mark.parametrize("role", MENUS)
def test_the_menu_offers_what_the_role_may_open(desk: World, role: Role) -> None:
    page = browser(desk, role).get("/console/").text
    menu = page[page.index("<nav") : page.index("</nav>")]
    offered = [name for name in ENTRIES if f'href="/console/money/{name}' in menu]
    assert sorted(offered) == sorted(MENUS[role])


@pytest.mark.parametrize(("role", "offered"), [(Role.CASHIER, False), (Role.ACCOUNTANT, True)])
def test_whoever_prepares_payouts_is_offered_no_approval(
    desk: World, role: Role, offered: bool
) -> None:
    path = f"/console/money/withdrawals/{WITHDRAWAL}"
    assert (f"{path}/approve" in browser(desk, role).get(path).text) is offered


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("refunds?state=failed", "state=failed&amp;after=r2"),
        ("withdrawals?state=to_pay", "state=to_pay&amp;after=w2"),
        ("days?channel=wechat&state=open", "channel=wechat&amp;state=open&amp;after=d2"),
        (
            "fee-payments?day=2026-11-22&state=accepted",
            "day=2026-11-22&amp;state=accepted&amp;after=p2",
        ),
        ("fees?debtor_kind=home&state=open", "debtor_kind=home&amp;state=open&amp;after=f2"),
    ],
)
def test_reading_on_keeps_the_filters(desk: World, path: str, kept: str) -> None:
    assert kept in browser(desk, Role.MANAGER).get(f"/console/money/{path}").text


def test_filters_reach_the_service(desk: World) -> None:
    client = browser(desk, Role.MANAGER)
    client.get(f"/console/money/fees?state=open&debtor_kind=merchant&debtor_id={MERCHANT}&after=z")
    query = asked(desk, "fee_bills")
    assert (query.state, query.debtor_kind, query.debtor_id, query.after) == (
        "open",
        "merchant",
        MERCHANT,
        "z",
    )
    client.get("/console/money/refunds?state=nonsense")
    assert asked(desk, "refunds").state is None
