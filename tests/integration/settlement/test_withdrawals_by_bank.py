"""The payment file for the bank and the bank's answer."""

import pytest
from sqlalchemy import select

from services.contracts.permissions import Role
from services.contracts.withdrawals import (
    BadBankFile,
    BankFileQuery,
    BankFilesQuery,
    NoSuchWithdrawal,
    WithdrawalOver,
    WithdrawalState,
)
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX, REQUEST
from services.settlement.domain import accounts
from services.settlement.tables import TransferRow
from services.settlement.tables_withdrawals import BankBatchRow, BankFileCopyRow
from services.settlement.use_cases import make_bank_file
from tests.integration.settlement.test_withdrawals import together
from tests.support.withdrawals import NUMBER, Till, rows_of, staff

pytestmark = pytest.mark.database
UNDER_WAY, BANK = accounts.withdrawals_under_way("bank"), accounts.bank("bank")
CASHIER = staff(Role.CASHIER, "王出纳")


@pytest.fixture
def till(db: Database) -> Till:
    """A household with 100 yuan and a bank account."""
    made = Till(db)
    made.give(10_000)
    made.puts_account()
    return made


def three(till: Till) -> list[str]:
    return [till.by_bank(amount_fen) for amount_fen in (1000, 2000, 3000)]


def states(till: Till, ids: list[str]) -> list[str]:
    return [till.see(one).state for one in ids]


def test_a_file_holds_what_waits_with_its_numbers_in_full(till: Till) -> None:
    ids = three(till)
    file = till.file(CASHIER)
    assert (file.count, file.total_fen, file.made_by) == (3, 6000, "王出纳")
    assert rows_of(file.csv) == [
        [one, "张伟", "工商银行杭州分行", NUMBER, yuan]
        for one, yuan in zip(ids, ["10.00", "20.00", "30.00"], strict=True)
    ]
    assert states(till, ids) == [WithdrawalState.PAYING] * 3
    assert till.see(ids[0]).batch_id == file.batch_id
    assert (till.fund_fen(), till.on(UNDER_WAY)) == (4000, 6000)
    with pytest.raises(WithdrawalOver):
        till.cancel(ids[0])
    till.assert_proved()


def test_only_what_is_approved_and_goes_by_bank_is_in_it(till: Till) -> None:
    till.give(100_000)
    waits, by_wechat = till.by_bank(50_000), till.by_wechat(1000)
    with pytest.raises(NoSuchWithdrawal):
        till.file(CASHIER)
    till.approve(waits, staff(Role.ACCOUNTANT))
    assert [row[0] for row in rows_of(till.file(CASHIER).csv)] == [waits]
    assert till.see(by_wechat).state is WithdrawalState.TO_PAY


def test_the_same_request_gives_the_same_file_and_no_copy_of_it_is_kept(till: Till) -> None:
    three(till)
    file = till.file(CASHIER, "same-request")
    assert till.file(CASHIER, "same-request") == file
    assert till.count(BankBatchRow) == 1
    with till.db.reading() as tx:
        answers = [bytes(row.answer) for row in tx.all(select(REQUEST))]
    assert not any(NUMBER.encode() in answer for answer in answers)


def test_who_saw_the_numbers_is_on_record(till: Till) -> None:
    three(till)
    file = till.file(CASHIER)
    manager = staff(Role.MANAGER, "赵经理")
    query = BankFileQuery(batch_id=file.batch_id)
    again = make_bank_file.see_bank_file(till.db, till.sealer, query, manager, till.now)
    assert again == file
    with till.db.reading() as tx:
        copies = tx.all(select(BankFileCopyRow.taken_by).order_by(BankFileCopyRow.row_id))
    assert [row.taken_by for row in copies] == ["王出纳", "赵经理"]


def test_the_banks_answer_pays_two_and_brings_one_back(till: Till) -> None:
    ids = three(till)
    file = till.file(CASHIER)
    text = (
        "\ufeff提现编号,金额,结果,原因\r\n"
        f"{ids[0]},10.00,成功,\r\n{ids[1]},20.00,失败,账号户名不符\r\n\r\n{ids[2]},30.00,成功,\r\n"
    )
    result = till.result(file.batch_id, text)
    assert (result.done, result.failed, result.unchanged) == (2, 1, 0)
    assert states(till, ids) == ["done", "failed", "done"]
    assert till.see(ids[1]).note == "账号户名不符"
    assert (till.fund_fen(), till.on(UNDER_WAY), till.on(BANK)) == (6000, 0, 4000)
    with till.db.reading() as tx:
        assert len(tx.all(select(OUTBOX))) == 3
    till.assert_proved()


def test_the_same_answer_twice_changes_nothing_more(till: Till) -> None:
    ids = three(till)
    file = till.file(CASHIER)
    text = f"{ids[0]},成功\n{ids[1]},失败,账户不存在\n{ids[2]},成功\n"
    first = till.result(file.batch_id, text)
    again = till.result(file.batch_id, text)
    assert (first.done, first.failed) == (2, 1)
    assert (again.done, again.failed, again.unchanged) == (0, 0, 3)
    assert till.fund_fen() == 6000
    assert till.on(BANK) == 4000
    till.assert_proved()


def test_an_answer_may_come_in_parts(till: Till) -> None:
    ids = three(till)
    file = till.file(CASHIER)
    till.result(file.batch_id, f"{ids[0]},成功\n")
    (line,) = make_bank_file.see_bank_files(till.db, BankFilesQuery()).items
    assert (line.count, line.total_fen, line.open_count) == (3, 6000, 2)
    till.result(file.batch_id, f"{ids[1]},成功\n{ids[2]},成功\n")
    (line,) = make_bank_file.see_bank_files(till.db, BankFilesQuery()).items
    assert line.open_count == 0
    till.assert_proved()


def test_a_wrong_answer_names_each_bad_row_and_changes_nothing(till: Till) -> None:
    ids = three(till)
    file = till.file(CASHIER)
    other = till.by_bank(500)
    till.file(CASHIER)
    text = (
        "编号,结果,金额,原因\n"
        f"{ids[0]},成功,10.00,\n{ids[1]},成功,20.01,\n{new_id()},成功,,\n{other},成功,5.00,\n"
    )
    with pytest.raises(BadBankFile) as refused:
        till.result(file.batch_id, text)
    assert refused.value.fields == {
        "3": "金额应为 20.00",
        "4": "没有这个提现编号",
        "5": "这笔提现不在这个付款文件里",
    }
    assert states(till, ids) == ["paying"] * 3
    assert till.on(BANK) == 0
    till.assert_proved()


def test_an_answer_that_contradicts_an_earlier_one_is_refused(till: Till) -> None:
    ids = three(till)
    file = till.file(CASHIER)
    till.result(file.batch_id, f"{ids[0]},成功\n{ids[1]},失败\n")
    with pytest.raises(BadBankFile) as refused:
        till.result(file.batch_id, f"{ids[0]},失败\n{ids[1]},成功\n{ids[2]},成功\n")
    assert refused.value.fields == {"1": "之前的结果是「成功」", "2": "之前的结果是「失败」"}
    assert states(till, ids) == ["done", "failed", "paying"]


def test_an_answer_to_no_file_of_ours_is_refused(till: Till) -> None:
    with pytest.raises(NoSuchWithdrawal):
        till.result(new_id(), f"{new_id()},成功\n")


def test_two_cashiers_at_once_pay_nothing_twice(till: Till) -> None:
    ids = three(till)
    together(lambda: till.file(CASHIER), lambda: till.file(CASHIER))
    assert states(till, ids) == [WithdrawalState.PAYING] * 3
    with till.db.reading() as tx:
        begun = tx.all(select(TransferRow).where(TransferRow.kind == "withdrawal_begun"))
    assert len(begun) == 3
    till.assert_proved()


def test_the_same_answer_from_two_people_at_once_is_booked_once(till: Till) -> None:
    ids = three(till)
    file = till.file(CASHIER)
    text = "".join(f"{one},成功\n" for one in ids)
    together(*[lambda: till.result(file.batch_id, text)] * 2)
    assert till.on(BANK) == 6000
    till.assert_proved()


def test_a_file_takes_no_more_than_its_limit(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_bank_file, "FILE_MAX", 2)
    ids = three(till)
    assert [row[0] for row in rows_of(till.file(CASHIER).csv)] == ids[:2]
    assert [row[0] for row in rows_of(till.file(CASHIER).csv)] == ids[2:]
