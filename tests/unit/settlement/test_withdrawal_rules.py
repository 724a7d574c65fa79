"""The rules of withdrawals, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.settlement import OwnerKind
from services.contracts.withdrawals import (
    BadBankFile,
    BeyondLimit,
    PayoutWay,
    WithdrawalOver,
    WithdrawalState,
)
from services.kernel.ids import new_id
from services.settlement.domain import accounts
from services.settlement.domain.bank_file import (
    FAULTS_MAX,
    Outcome,
    PaymentLine,
    payment_file,
    result_lines,
)
from services.settlement.domain.payouts import CONFIRM_WITHIN
from services.settlement.domain.transfers import net_changes
from services.settlement.domain.withdrawals import (
    BACK,
    TOLD,
    UNDER_WAY,
    WAITING,
    WITHDRAWAL_MOVES,
    Limits,
    Outflow,
    WithdrawalAct,
    fail_words,
    moved,
    next_try_at,
)

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
LIMITS = Limits(least_fen=100, most_fen=2000, day_fen=3000, approve_from_fen=1500)


def test_every_state_waits_is_under_way_or_is_an_end() -> None:
    ends = {*BACK, WithdrawalState.DONE}
    assert {*WAITING, *UNDER_WAY, *ends} == set(WithdrawalState)
    assert not ends & {state for state, _ in WITHDRAWAL_MOVES}
    assert ends & TOLD == ends - {WithdrawalState.CANCELLED}


def test_money_that_is_on_its_way_out_is_not_taken_back_by_a_person() -> None:
    by_people = {WithdrawalAct.CANCEL, WithdrawalAct.REJECT, WithdrawalAct.APPROVE}
    for state in UNDER_WAY:
        for act in by_people:
            with pytest.raises(WithdrawalOver) as over:
                moved(state, act)
            assert over.value.fields == {"state": state}


def test_nothing_is_sent_before_it_is_approved() -> None:
    with pytest.raises(WithdrawalOver):
        moved(WithdrawalState.TO_APPROVE, WithdrawalAct.BEGIN)


def test_limits_count_what_was_withdrawn_before_on_the_day() -> None:
    LIMITS.check(2000, 1000)
    for amount_fen, today_fen in ((99, 0), (2001, 0), (2000, 1001), (100, 9999)):
        with pytest.raises(BeyondLimit):
            LIMITS.check(amount_fen, today_fen)
    assert LIMITS.first_state(1499) is WithdrawalState.TO_PAY
    assert LIMITS.first_state(1500) is WithdrawalState.TO_APPROVE


def test_pauses_grow_and_the_end_of_the_payees_time_is_not_slept_through() -> None:
    waits = [next_try_at(tried, NOW) - NOW for tried in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=30)
    expires_at = NOW + timedelta(minutes=1)
    assert next_try_at(9, NOW, expires_at) == expires_at + timedelta(seconds=5)
    assert next_try_at(9, expires_at, expires_at) == expires_at + timedelta(minutes=30)
    assert next_try_at(0, NOW, NOW + CONFIRM_WITHIN) == NOW + timedelta(seconds=2)


@pytest.mark.parametrize("way", list(PayoutWay))
def test_a_withdrawal_that_fails_leaves_every_account_as_it_was(way: PayoutWay) -> None:
    flow = Outflow(new_id(), OwnerKind.MERCHANT, new_id(), 500, way)
    transfers = [flow.hold.placed(), flow.begun(), flow.failed("王出纳")]
    assert {change.amount_fen for change in net_changes(transfers)} == {0}
    assert flow.done().entries[1].account == accounts.bank(way)
    assert len({transfer.transfer_id for transfer in [*transfers, flow.done()]}) == 4


def test_fail_reasons_are_said_in_words_where_we_know_them() -> None:
    assert fail_words("ACCOUNT_FROZEN") == "收款人的微信账户被冻结"
    assert fail_words("SOMETHING_NEW") == "SOMETHING_NEW"
    assert fail_words("") == "微信没有受理"


# the bank's files


def test_a_payment_file_keeps_commas_and_quotes_in_names() -> None:
    line = PaymentLine("01A", 'A"B,C 公司', "建设银行", "622200", 1234)
    assert payment_file([line]) == (
        '提现编号,户名,开户行,账号,金额\r\n01A,"A""B,C 公司",建设银行,622200,12.34\r\n'
    )


def test_an_answer_is_read_with_and_without_a_head() -> None:
    plain = result_lines("01A,成功\n\n 01B ,失败, 账户不存在 ,1.50\n")
    headed = result_lines(
        "\ufeff提现编号,户名,金额（元）,付款结果,失败原因\r\n"
        '01A,张伟,,成功,\r\n,,,,\r\n01B,李四,"¥1.50",失败,账户不存在\r\n'
    )
    for lines, first in ((plain, 1), (headed, 2)):
        assert [(one.withdrawal_id, one.outcome) for one in lines] == [
            ("01A", Outcome.PAID),
            ("01B", Outcome.FAILED),
        ]
        assert (lines[1].reason, lines[1].amount_fen) == ("账户不存在", 150)
        assert [one.row_number for one in lines] == [first, first + 2]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", {"1": "文件是空的"}),
        ("编号,金额\n01A,1.00\n", {"1": "表头里要有「提现编号」和「结果」"}),
        ("01A,不知道\n", {"1": "结果只能是「成功」或「失败」，不是「不知道」"}),
        ("01A\n", {"1": "结果只能是「成功」或「失败」，不是「」"}),
        ("01A,成功,,1.234\n", {"1": "金额「1.234」看不懂"}),
        ("01A,成功\n01A,成功\n", {"2": "这个编号在文件里出现了两次"}),
    ],
)
def test_a_row_that_cannot_be_read_is_named(text: str, faults: dict) -> None:
    with pytest.raises(BadBankFile) as refused:
        result_lines(text)
    assert refused.value.fields == faults


def test_a_file_full_of_faults_names_the_first_of_them() -> None:
    with pytest.raises(BadBankFile) as refused:
        result_lines("x,y\n" * 500)
    assert len(refused.value.fields) == FAULTS_MAX
