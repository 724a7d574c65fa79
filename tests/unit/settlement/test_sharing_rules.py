"""What is booked when a channel shares out, and WeChat's words for shares and transfers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.settlement import Channel
from services.kernel.ids import new_id
from services.settlement.channels import wechat_words
from services.settlement.domain import accounts, shares
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import Settlement, settle, undone
from services.settlement.domain.payouts import FINAL, PayoutState
from services.settlement.domain.postings import Deal, Till
from services.settlement.domain.transfers import Transfer

TILL = Till(Channel.WECHAT, "1900000001", Custodian.CHANNEL)
DEAL = Deal(new_id(), new_id(), new_id(), new_id(), Custodian.CHANNEL)
amounts = st.integers(1, 10**7)
rates = st.integers(0, 3000)


def by_account(*transfers: Transfer) -> dict[accounts.Account, int]:
    totals: dict[accounts.Account, int] = {}
    for transfer in transfers:
        for entry in transfer.entries:
            totals[entry.account] = totals.get(entry.account, 0) + entry.amount_fen
    return {account: fen for account, fen in totals.items() if fen}


@given(amounts, rates, st.integers(0, 10**5))
def test_a_share_sums_to_zero_in_each_pair_of_hands(
    money_fen: int, rate_bp: int, subsidy_fen: int
) -> None:
    settled = settle(money_fen, rate_bp, subsidy_fen)
    changes = by_account(shares.shared(DEAL, TILL, settled))
    for hands in Custodian:
        assert sum(fen for account, fen in changes.items() if account.custodian is hands) == 0
    assert changes[DEAL.escrow] == -money_fen
    assert changes.get(accounts.COMMISSION, 0) == settled.commission_fen


@given(amounts, rates, st.lists(amounts, max_size=5))
def test_what_goes_back_part_by_part_undoes_the_share(
    money_fen: int, rate_bp: int, parts: list[int]
) -> None:
    left = settle(money_fen, rate_bp, 0)
    transfers = [shares.shared(DEAL, TILL, left)]
    for part_fen in (*parts, money_fen):
        undo = undone(left, min(part_fen, left.money_fen))
        if not undo.money_fen:
            break
        transfers.append(shares.share_undone(DEAL, TILL, undo, new_id(), "退货"))
        left = Settlement(
            left.money_fen - undo.money_fen,
            left.commission_fen - undo.commission_fen,
            left.subsidy_fen - undo.subsidy_fen,
        )
    assert by_account(*transfers) == {}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("ACCEPTED", PayoutState.PROCESSING),
        ("PROCESSING", PayoutState.PROCESSING),
        ("WAIT_USER_CONFIRM", PayoutState.AWAITING_PAYEE),
        ("TRANSFERING", PayoutState.PROCESSING),
        ("SUCCESS", PayoutState.DONE),
        ("FAIL", PayoutState.FAILED),
        ("CANCELING", PayoutState.PROCESSING),
        ("CANCELLED", PayoutState.CANCELLED),
    ],
)
def test_every_state_of_a_transfer_is_understood(word: str, state: PayoutState) -> None:
    payout = wechat_words.payout_of({"out_bill_no": "w1", "state": word})
    assert (payout.state, payout.expired, payout.amount_fen) == (state, False, None)
    assert (state in FINAL) == (word in ("SUCCESS", "FAIL", "CANCELLED"))


def test_only_the_payees_silence_is_expiry() -> None:
    told = {"out_bill_no": "w1", "state": "FAIL"}
    assert wechat_words.payout_of(told | {"fail_reason": "OVERDUE_CLOSE"}).expired
    assert not wechat_words.payout_of(told | {"fail_reason": "ACCOUNT_FROZEN"}).expired


def test_waits_grow_and_stay_at_the_last() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    waits = [(shares.next_try_at(count, at) - at).total_seconds() for count in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == shares.RETRY_AFTER_S[-1]
