"""Work at the money pages: finding, previews, files, matching days, exports."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from services.contracts import reconciliation, settlement, withdrawals
from services.contracts.orders import AllOrdersQuery, OrderState
from services.contracts.permissions import Role
from services.kernel.errors import DeadlineExceeded, Forbidden
from services.kernel.wire import Page
from tests.gateway.people import KEY, browser, send
from tests.support.gateway import COMMUNITY, COURIER, MERCHANT, ORDER, PAYMENT, World, order
from tests.support.treasury import (
    BATCH,
    DAY,
    FEE_PAYMENT,
    REFUND,
    TRANSFER,
    WITHDRAWAL,
    page_of,
    with_treasury,
)
from tests.unit.ui import samples
from tests.unit.ui import samples_treasury as m


@pytest.fixture
def desk(world: World) -> World:
    """A settlement that answers all that the desk asks."""
    return with_treasury(world)


def posted(client: FlaskClient, path: str, **fields: Any) -> Any:
    return send(client, f"/console/money/{path}", **fields)


def test_the_desk_finds_a_payment_by_its_order(desk: World) -> None:
    desk.services.answers["settlement.payment"] = lambda question: (
        samples.payment() if question.payment_id == PAYMENT else settlement.NoSuchPayment()
    )
    page = browser(desk, Role.CASHIER).get(f"/console/money/desk?find={ORDER.lower()}")
    assert "钱已收到，打收据" in page.text


def test_the_desk_asks_which_order_is_meant(desk: World) -> None:
    def all_orders(question: AllOrdersQuery) -> Page[Any]:
        other = order(OrderState.AWAITING_PAYMENT, payment_id=BATCH, order_id=DAY)
        return page_of(order(OrderState.AWAITING_PAYMENT), other)

    desk.services.answers["orders.all_orders"] = all_orders
    page = browser(desk, Role.CASHIER).get("/console/money/desk?find=3号楼").text
    assert f"/console/money/desk?find={PAYMENT}" in page
    assert f"/console/money/desk?find={BATCH}" in page


def test_the_receipt_of_a_deposit_is_the_answer_also_when_it_is_sent_again(desk: World) -> None:
    client = browser(desk, Role.CASHIER)
    fields = {"merchant_id": MERCHANT, "amount": "1409.50", "paid_with": "cash"}
    pages = [posted(client, "deposits", **fields) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert all("壹仟肆佰零玖元伍角整" in page.text for page in pages)
    wishes = desk.services.questions("settlement.take_deposit")
    assert wishes[0] == wishes[1]


def test_several_withdrawals_are_previewed_and_then_approved_each_for_itself(desk: World) -> None:
    client = browser(desk, Role.ACCOUNTANT)
    other = m.WITHDRAWALS[1].withdrawal_id
    seen = posted(client, "withdrawals/approve", id=[WITHDRAWAL, other])
    assert "将要改变的" in seen.text
    assert desk.services.questions("settlement.approve_withdrawal") == []

    desk.services.answers["settlement.approve_withdrawal"] = lambda question: (
        m.WITHDRAWALS[1] if question.withdrawal_id == other else settlement.NeedsAnotherPerson()
    )
    for _ in range(2):
        done = posted(client, "withdrawals/approve", id=[WITHDRAWAL, other], sure="1")
        assert "办成 1 笔，共 2 笔" in done.text
    wishes = desk.services.questions("settlement.approve_withdrawal")
    assert wishes[:2] == wishes[2:]
    assert len({wish.request_id for wish in wishes}) == 2


def test_a_row_whose_end_is_not_known_can_be_sent_again_with_the_same_key(desk: World) -> None:
    desk.services.answers["settlement.retry_refund"] = DeadlineExceeded()
    client = browser(desk, Role.CASHIER)
    page = posted(client, "refunds/retry", id=[REFUND], sure="1")
    assert "再按一次是安全的" in page.text
    assert f'value="{KEY}"' in page.text


def test_nothing_ticked_is_refused(desk: World) -> None:
    assert posted(browser(desk, Role.ACCOUNTANT), "withdrawals/approve").status_code == 400


def test_faults_of_a_file_stand_beside_their_rows(desk: World) -> None:
    desk.services.answers["settlement.import_bank_result"] = withdrawals.BadBankFile(
        fields={"3": "没有这笔提现"}
    )
    sent = {"csv": (io.BytesIO(b"x,y"), "r.csv")}
    answer = posted(browser(desk, Role.CASHIER), f"bank-files/{BATCH}/result", **sent)
    assert answer.status_code == 422
    assert "没有这笔提现" in answer.text


def test_bills_are_tried_first_and_imported_from_what_was_tried(desk: World) -> None:
    client = browser(desk, Role.CASHIER)
    csv = "WY1,home,x,物业费,2026,588.60,2026-12-31"
    sent = {"csv": (io.BytesIO(csv.encode()), "b.csv"), "community_id": COMMUNITY, "dry_run": "1"}
    tried = posted(client, "fees/import", **sent)
    assert "还没有导入" in tried.text
    assert csv in tried.text
    done = posted(client, "fees/import", csv=csv, community_id=COMMUNITY)
    assert "已导入" in done.text
    assert [wish.dry_run for wish in desk.services.questions("settlement.import_fee_bills")] == [
        True,
        False,
    ]


def test_a_matching_day_asks_for_itself_and_a_ready_one_can_be_closed(desk: World) -> None:
    client = browser(desk, Role.ACCOUNTANT)
    view = reconciliation.DifferencesView(day=m.day("matching", 0, 40), items=[])
    desk.services.answers["settlement.differences"] = view
    assert 'hx-trigger="every 1s"' in client.get(f"/console/money/days/{DAY}").text
    view = reconciliation.DifferencesView(day=m.day("ready"), items=[])
    desk.services.answers["settlement.differences"] = view
    ready = client.get(f"/console/money/days/{DAY}").text
    assert "hx-trigger" not in ready
    assert f"/console/money/days/{view.day.day_id}/close" in ready


def test_a_correction_shows_the_entries_that_it_will_make(desk: World) -> None:
    path = f"/console/money/corrections?transfer_id={TRANSFER}&order_id={ORDER}"
    page = browser(desk, Role.ACCOUNTANT).get(path).text
    preview = page[page.index("将要记下的分录") :]
    assert preview.index("物业保管") < preview.index("支付渠道") < preview.index("¥10.00")


def test_the_trial_balance_says_which_hands_do_not_sum_to_zero(desk: World) -> None:
    page = browser(desk, Role.ACCOUNTANT).get("/console/money/balance").text
    assert "不平，差 −¥1.00" in page
    assert "/console/money/days?channel=wechat" in page


@pytest.mark.parametrize("path", ["withdrawals", f"days/{DAY}", "balance", "fees", "fee-payments"])
def test_a_table_is_exported_as_a_spreadsheet(desk: World, path: str) -> None:
    answer = browser(desk, Role.MANAGER).get(f"/console/money/{path}?as=xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert sheet.max_row > 1
    assert "attachment" in answer.headers["Content-Disposition"]


def test_no_text_of_a_spreadsheet_is_run_as_a_formula(desk: World) -> None:
    evil = m.withdrawal("failed", note='=HYPERLINK("http://x")')
    desk.services.answers["settlement.withdrawals"] = page_of(evil)
    answer = browser(desk, Role.MANAGER).get("/console/money/withdrawals?as=xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    cell = sheet.cell(2, 12)
    assert (cell.value, cell.data_type) == ('=HYPERLINK("http://x")', "s")
    assert sheet.cell(2, 4).value == 6800


def test_the_bank_file_is_downloaded_as_it_is(desk: World) -> None:
    answer = browser(desk, Role.CASHIER).get(f"/console/money/bank-files/{BATCH}.csv")
    assert answer.data.decode() == "\ufeff" + m.FILE.csv
    assert answer.mimetype == "text/csv"


def test_a_fee_receipt_is_a_pdf(desk: World) -> None:
    path = f"/console/money/fee-payments/{FEE_PAYMENT}/receipt.pdf"
    answer = browser(desk, Role.CASHIER).get(path)
    assert (answer.mimetype, answer.data[:4]) == ("application/pdf", b"%PDF")


def test_whoever_may_not_see_the_merchants_register_still_reads_the_shops_names(
    desk: World,
) -> None:
    desk.services.answers["identity.merchants"] = Forbidden()
    page = browser(desk, Role.CASHIER).get("/console/money/deposits").text
    assert f'<option value="{MERCHANT}">老陈早餐</option>' in page


def test_lines_of_the_trial_balance_that_are_zero_are_shown_on_demand(desk: World) -> None:
    empty = m.BALANCE.lines[0].model_copy(update={"channel": "unionpay", "balance_fen": 0})
    lines = [*m.BALANCE.lines, empty]
    view = m.BALANCE.model_copy(update={"lines": lines})
    desk.services.answers["settlement.trial_balance"] = view
    client = browser(desk, Role.ACCOUNTANT)
    assert "银联" not in client.get("/console/money/balance").text
    assert "银联" in client.get("/console/money/balance?zeros=1").text


def test_a_count_that_is_not_the_sum_is_told_the_sum(desk: World) -> None:
    desk.services.answers["settlement.hand_in_cash"] = settlement.TooMuch(
        fields={"left_fen": "2700"}
    )
    fields = {"id": [ORDER], "amount": "26"}
    answer = posted(browser(desk, Role.CASHIER), f"cash?courier_id={COURIER}", **fields)
    assert answer.status_code == 422
    assert "勾选的合计是 ¥27.00" in answer.text


def test_what_wechat_says_of_a_merchant_number_is_shown(desk: World) -> None:
    refusal = settlement.ChannelRefused("NO_AUTH: 受理关系不存在")
    desk.services.answers["settlement.put_sub_merchant"] = refusal
    fields = {"community_id": COMMUNITY, "merchant_id": MERCHANT, "sub_mchid": "1900000201"}
    answer = posted(browser(desk, Role.ACCOUNTANT), "sub-merchants", **fields)
    assert "NO_AUTH: 受理关系不存在" in answer.text


def test_after_a_refused_row_the_list_still_leads_on(desk: World) -> None:
    desk.services.answers["settlement.retry_refund"] = settlement.AlreadyResolved()
    answer = posted(browser(desk, Role.CASHIER), f"refunds/{REFUND}/retry?state=failed")
    assert answer.status_code == 409
    assert 'href="/console/money/refunds?state=failed&amp;after=r2"' in answer.text
