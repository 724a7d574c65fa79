"""Withdrawing on a phone: asked for once, refused in words, confirmed, taken back; bank data."""

from datetime import timedelta

import pytest

from services.contracts.permissions import Role
from services.contracts.settlement import (
    InsufficientFunds,
)
from services.contracts.withdrawals import (
    BeyondLimit,
    CoolingDown,
    NoPayoutAccount,
    PayoutAccountView,
    WithdrawalOver,
    WithdrawalState,
)
from services.kernel import clock
from services.kernel.errors import DeadlineExceeded, LinliError
from tests.gateway.people import KEY, browser, key_in, send, wechat
from tests.support.gateway import (
    HOUSEHOLD,
    MERCHANT,
    NOW,
    STORE,
    World,
)
from tests.support.gateway_money import (
    WITHDRAWAL,
    answer_with,
    asked,
    withdrawal,
)

pytestmark = pytest.mark.usefixtures("money")


def test_money_is_withdrawn_to_the_wechat_of_the_session(world: World) -> None:
    answer = send(wechat(world), "/h5/withdraw", amount="5", way="wechat")
    assert (answer.status_code, answer.location) == (303, f"/h5/withdrawals/{WITHDRAWAL}")
    wish = asked(world, "withdraw")
    assert (wish.request_id, wish.owner_id, wish.amount_fen) == (KEY, HOUSEHOLD, 500)
    assert (wish.way, wish.openid) == ("wechat", "openid-1")


def test_a_merchant_withdraws_to_its_bank(world: World) -> None:
    client = browser(world, Role.SHOPKEEPER)
    answer = send(client, "/h5/merchant/withdraw", amount="¥1,200.50", way="bank", store_id=STORE)
    assert answer.location == f"/h5/merchant/withdrawals/{WITHDRAWAL}?store_id={STORE}"
    wish = asked(world, "withdraw")
    assert (wish.owner_kind, wish.owner_id) == ("merchant", MERCHANT)
    assert (wish.amount_fen, wish.openid) == (120050, "")


@pytest.mark.parametrize("typed", ["", "0", "-5", "1.234", "abc", "1e3", "９"])
def test_an_amount_that_is_none_is_said_beside_the_field(world: World, typed: str) -> None:
    answer = send(wechat(world), "/h5/withdraw", amount=typed, way="wechat")
    assert answer.status_code == 422
    assert "请填金额" in answer.text
    assert world.services.questions("settlement.withdraw") == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BeyondLimit(fields={"most_fen": "2000000"}), "一次最多提 ¥20,000.00"),
        (BeyondLimit(fields={"day_fen": "100", "left_fen": "0"}), "现在还能提 ¥0.00"),
        (BeyondLimit(), "超过一次或一天能提的数"),
        (InsufficientFunds(fields={"left_fen": "700"}), "现在还能提 ¥7.00"),
        (CoolingDown(fields={"until": "2026-03-02T04:00:00+00:00"}), " 起才能提现"),
        (NoPayoutAccount(), "还没有填收款的银行卡资料"),
        (DeadlineExceeded(), "可能已经办成"),
    ],
)
def test_each_refusal_of_a_withdrawal_is_said_and_what_was_typed_stays(
    world: World, error: LinliError, words: str
) -> None:
    answer_with(world, "withdraw", error)
    answer = send(wechat(world), "/h5/withdraw", amount="7.50", way="wechat")
    assert answer.status_code >= 400
    assert words in answer.text
    assert 'value="7.50"' in answer.text
    assert (key_in(answer.text) == KEY) is isinstance(error, DeadlineExceeded)


def test_family_may_look_but_is_told_who_withdraws(world: World) -> None:
    owner = world.services.answers["identity.me"]
    world.services.answers["identity.me"] = owner.model_copy(update={"permissions": []})
    page = browser(world).get("/h5/withdraw")
    assert "业主或租户本人" in page.text
    assert 'name="amount"' not in page.text


def test_a_transfer_that_waits_is_confirmed_in_wechat(world: World) -> None:
    waiting = withdrawal(
        WithdrawalState.AWAITING_PAYEE,
        confirm_package="pkg==",
        confirm_mchid="19",
        confirm_app_id="wx1",
        expires_at=NOW + timedelta(days=1),
    )
    answer_with(world, "withdrawal", waiting)
    page = wechat(world).get(f"/h5/withdrawals/{WITHDRAWAL}").text
    assert 'data-mch-id="19" data-app-id="wx1" data-package="pkg=="' in page
    assert "去微信确认" in page
    assert "confirm.js" in page
    assert asked(world, "withdrawal").refresh is True


def test_a_withdrawal_is_taken_back_once(world: World) -> None:
    path = f"/h5/withdrawals/{WITHDRAWAL}"
    assert send(browser(world), f"{path}/cancel").location == path
    assert asked(world, "cancel_withdrawal").request_id == KEY
    answer_with(world, "cancel_withdrawal", WithdrawalOver(fields={"state": "done"}))
    answer = send(browser(world), f"{path}/cancel")
    assert answer.status_code == 409
    assert "这笔提现的状态刚刚变了" in answer.text


@pytest.mark.parametrize("state", [WithdrawalState.PAYING, WithdrawalState.DONE])
def test_what_is_on_its_way_cannot_be_taken_back(world: World, state: WithdrawalState) -> None:
    answer_with(world, "withdrawal", withdrawal(state))
    assert "/cancel" not in browser(world).get(f"/h5/withdrawals/{WITHDRAWAL}").text


def test_bank_data_are_kept_and_the_waiting_time_is_told(world: World) -> None:
    later = PayoutAccountView(
        bank="工商银行", number_masked="**** 1", usable_from=clock.now() + timedelta(days=1)
    )
    answer_with(world, "payout_account", later)
    fields = {"holder": "张小明", "bank": "工商银行", "number": "6222 0000 1234 4321"}
    answer = send(browser(world), "/h5/bank", **fields)
    assert answer.location == "/h5/bank?saved=1"
    wish = asked(world, "put_payout_account")
    assert (wish.number, wish.owner_id) == ("6222000012344321", HOUSEHOLD)
    page = browser(world).get(answer.location).text
    assert "记下了" in page
    assert "6222000012344321" not in page


def test_a_number_that_is_none_is_marked_and_the_rest_stays(world: World) -> None:
    answer = send(browser(world), "/h5/bank", holder="张小明", bank="工商银行", number="62x")
    assert answer.status_code == 422
    assert "格式不对" in answer.text
    assert 'value="工商银行"' in answer.text
    assert world.services.questions("settlement.put_payout_account") == []
