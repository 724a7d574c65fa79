"""Wrong transfers are undone once by new ones; the trial balance; the rules that people make."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.contracts.settlement import (
    Channel,
    CommissionRulesQuery,
    CorrectionView,
    CorrectTransfer,
    Custody,
    CustodyQuery,
    DeskMethod,
    InsufficientFunds,
    NotCorrectable,
    NothingToCorrect,
    PutCommissionRule,
    PutCustody,
    PutSubMerchant,
    TakeDeposit,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import derived_id, new_id
from services.settlement import ledger
from services.settlement.domain import accounts
from services.settlement.domain.days import day_of
from services.settlement.domain.transfers import Transfer, TransferKind, between
from services.settlement.reconciliation import bookings
from services.settlement.tables import TransferRow
from services.settlement.use_cases import put_rules
from services.settlement.use_cases.correct_transfer import correct_transfer
from services.settlement.use_cases.desk import take_deposit
from services.settlement.use_cases.see_trial_balance import see_trial_balance
from tests.support.reconciliation import NEXT_MORNING, Counter

pytestmark = pytest.mark.database
NOW = NEXT_MORNING


@pytest.fixture
def counter(db: Database) -> Counter:
    return Counter(db)


def correct(counter: Counter, transfer_id: str, request_id: str = "") -> CorrectionView:
    command = CorrectTransfer(
        request_id=request_id or new_id(), transfer_id=transfer_id, reason="记到别家名下了"
    )
    return correct_transfer(counter.db, command, counter.person, NOW)


def post(counter: Counter, transfer: Transfer) -> str:
    with counter.db.transaction() as tx:
        ledger.post(tx, [transfer], NOW)
    return transfer.transfer_id


def unknown(counter: Counter, amount_fen: int = 500) -> str:
    till = counter.channel.till
    return post(counter, bookings.unknown_receipt(till, new_id(), amount_fen, "待查", "会计小林"))


# corrections


def test_a_correction_is_a_new_transfer_that_names_the_old_one_and_a_person(
    counter: Counter,
) -> None:
    wrong = unknown(counter)
    view = correct(counter, wrong)
    assert (view.corrects, view.amount_fen, view.by) == (wrong, 500, "会计小林")
    till = counter.channel.till
    assert (counter.balance(till.clearing), counter.balance(till.unclaimed)) == (0, 0)
    with counter.db.reading() as tx:
        row = tx.first(TransferRow.__table__.select().where(TransferRow.corrects == wrong))
    assert row is not None
    assert (row.kind, row.made_by, row.reason) == ("correction", "会计小林", "记到别家名下了")


def test_a_transfer_is_corrected_once_and_the_same_request_gets_the_first_answer(
    counter: Counter,
) -> None:
    wrong, request_id = unknown(counter), new_id()
    assert correct(counter, wrong, request_id) == correct(counter, wrong, request_id)
    with pytest.raises(NothingToCorrect):
        correct(counter, wrong)


def test_what_is_not_in_the_ledger_cannot_be_corrected(counter: Counter) -> None:
    with pytest.raises(NothingToCorrect):
        correct(counter, new_id())


def test_a_transfer_that_goes_with_an_orders_state_is_not_undone_alone(counter: Counter) -> None:
    (number,) = counter.sells(900)
    with pytest.raises(NotCorrectable) as refused:
        correct(counter, derived_id("transfer", TransferKind.RECEIPT, number))
    assert refused.value.fields["kind"] == "receipt"
    assert counter.balance(accounts.escrow(number)) == 900


def test_a_correction_is_not_corrected(counter: Counter) -> None:
    undone = correct(counter, unknown(counter))
    with pytest.raises(NotCorrectable):
        correct(counter, undone.transfer_id)


def test_unclaimed_money_of_a_late_payment_has_its_refund_and_stays(counter: Counter) -> None:
    till = counter.channel.till
    late = Transfer(
        kind=TransferKind.UNCLAIMED_RECEIPT,
        purpose="late",
        entries=between(till.clearing, till.unclaimed, 50),
        payment_id=new_id(),
    )
    with pytest.raises(NotCorrectable):
        correct(counter, post(counter, late))


def test_unclaimed_money_that_has_gone_back_cannot_be_undone(counter: Counter) -> None:
    wrong = unknown(counter)
    post(counter, bookings.unknown_return(counter.channel.till, "BYHAND1", 500, "退", "会计"))
    with pytest.raises(InsufficientFunds):
        correct(counter, wrong)


def deposit(counter: Counter, merchant_id: str, amount_fen: int) -> str:
    command = TakeDeposit(
        request_id=new_id(),
        merchant_id=merchant_id,
        amount_fen=amount_fen,
        method=DeskMethod.CASH,
    )
    receipt = take_deposit(counter.db, command, counter.person, NOW)
    return derived_id("transfer", TransferKind.DEPOSIT_TAKEN, receipt.receipt_number)


def test_a_deposit_of_the_wrong_merchant_is_undone(counter: Counter) -> None:
    merchant_id = new_id()
    correct(counter, deposit(counter, merchant_id, 20_000))
    assert counter.balance(accounts.merchant_deposit(merchant_id)) == 0


def test_a_deposit_that_a_dispute_has_used_up_is_not_undone(counter: Counter) -> None:
    merchant_id = new_id()
    wrong = deposit(counter, merchant_id, 20_000)
    used = Transfer(
        kind=TransferKind.TAKEN_BACK,
        purpose="used",
        entries=between(accounts.merchant_deposit(merchant_id), accounts.escrow(new_id()), 1),
    )
    post(counter, used)
    with pytest.raises(InsufficientFunds):
        correct(counter, wrong)
    assert counter.balance(accounts.merchant_deposit(merchant_id)) == 19_999


# the trial balance


def test_the_trial_balance_sums_to_zero_in_each_pair_of_hands(counter: Counter) -> None:
    counter.sells(900, 100)
    unknown(counter)
    deposit(counter, new_id(), 20_000)
    view = see_trial_balance(counter.db, NOW)
    hands: dict[str, int] = {}
    for line in view.lines:
        hands[line.custodian] = hands.get(line.custodian, 0) + line.balance_fen
    assert set(hands.values()) == {0}
    found = {(line.kind, line.channel): line for line in view.lines if line.balance_fen}
    assert found["escrow", ""].balance_fen == 1000
    assert found["escrow", ""].account_count == 2
    assert found["clearing", "wechat"].balance_fen == -1500
    assert found["unclaimed", "wechat"].balance_fen == 500
    assert found["merchant_deposit", ""].balance_fen == 20_000


def test_the_trial_balance_is_the_same_with_and_without_checkpoints(counter: Counter) -> None:
    counter.sells(900, 100)
    before = see_trial_balance(counter.db, NOW).lines
    with counter.db.transaction() as tx:
        ledger.take_checkpoints(tx, NOW)
    assert see_trial_balance(counter.db, NOW).lines == before
    counter.sells(50)
    after = {line.kind: line for line in see_trial_balance(counter.db, NOW).lines}
    assert after["escrow"].balance_fen == 1050
    assert sum(line.balance_fen for line in after.values()) == 0


# rules


def put(counter: Counter, rate_bp: int, **changes: Any) -> list[int]:
    values = {"request_id": new_id(), "rate_bp": rate_bp, "from_day": day_of(NOW)} | changes
    command = PutCommissionRule.model_validate(values)
    rules = put_rules.put_commission_rule(counter.db, command, counter.person, NOW)
    return [rule.rate_bp for rule in rules.items]


def test_rules_are_shown_in_the_order_in_which_they_win(counter: Counter) -> None:
    put(counter, 100)
    put(counter, 300, category="food")
    assert put(counter, 500, merchant_id=new_id()) == [500, 300, 100]


def test_a_rule_is_put_once_and_ends_after_its_last_day(counter: Counter) -> None:
    request_id, today = new_id(), day_of(NOW)
    for _ in range(2):
        assert put(counter, 100, request_id=request_id, until_day=today) == [100]
    later = NOW + timedelta(days=1)
    assert put_rules.see_commission_rules(counter.db, CommissionRulesQuery(), later).items == []


@pytest.mark.parametrize(
    "days",
    [
        {"from_day": date(2026, 2, 1)},
        {"from_day": date(2026, 4, 2), "until_day": date(2026, 4, 1)},
    ],
)
def test_a_rule_changes_nothing_that_was_promised_before(
    counter: Counter, days: dict[str, date]
) -> None:
    with pytest.raises(Malformed):
        put(counter, 100, **days)


def test_custody_is_chosen_by_those_who_look_after_the_community(counter: Counter) -> None:
    community_id = new_id()
    command = PutCustody(request_id=new_id(), community_id=community_id, custody=Custody.PLATFORM)
    seen = put_rules.see_custody(counter.db, CustodyQuery(community_id=community_id))
    assert seen.custody is Custody.COLLECT
    with pytest.raises(Forbidden):
        put_rules.put_custody(counter.db, command, counter.person, NOW)
    manager = Actor(account_id=new_id(), name="经理", communities=(community_id,))
    assert put_rules.put_custody(counter.db, command, manager, NOW).custody is Custody.PLATFORM


def test_a_shops_own_number_is_kept_and_the_property_shares_in_it(counter: Counter) -> None:
    merchant_id, told = new_id(), []

    class Sharing:
        def add_receiver(self, sub_merchant: str) -> None:
            told.append(sub_merchant)

    for number in ("1600000001", "1600000002"):
        command = PutSubMerchant(request_id=new_id(), merchant_id=merchant_id, sub_mchid=number)
        put_rules.put_sub_merchant(
            counter.db,
            Sharing(),  # type: ignore[arg-type]
            command,
            counter.person,
            NOW,
        )
    shops = put_rules.see_custody(counter.db, CustodyQuery(community_id=new_id())).sub_merchants
    assert (shops, told) == ({merchant_id: "1600000002"}, ["1600000001", "1600000002"])


def test_the_fee_of_a_day_can_be_undone(counter: Counter) -> None:
    till = counter.channel.till
    wrong = post(counter, bookings.channel_fee(till, "day", 60, "2026-02-28", "会计小林"))
    correct(counter, wrong)
    assert counter.balance(accounts.channel_fees(Channel.WECHAT)) == 0
