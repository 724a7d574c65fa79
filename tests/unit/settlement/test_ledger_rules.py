"""The rules of transfers and states, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.settlement import (
    AlreadyResolved,
    Channel,
    EscrowState,
    PaymentState,
    RefundState,
    Unbalanced,
)
from services.kernel.ids import derived_id, new_id
from services.settlement.domain import accounts, postings
from services.settlement.domain.accounts import SIGNS, Account, AccountKind
from services.settlement.domain.days import bounds, day_of
from services.settlement.domain.escrows import (
    EscrowAct,
    Parts,
    Settlement,
    part_of,
    resolve,
    settle,
    undone,
)
from services.settlement.domain.payments import (
    PAYMENT_MOVES,
    POLL_AFTER_S,
    PaymentAct,
    next_poll_at,
    payment_sources,
)
from services.settlement.domain.postings import Givers, Held, Purse, RefundWay, Source, Till
from services.settlement.domain.refunds import REFUND_MOVES, RefundAct
from services.settlement.domain.transfers import (
    Entry,
    Transfer,
    TransferKind,
    between,
    flows,
    net_changes,
)

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
TILL = Till(Channel.WECHAT, "1900000001")
amounts = st.integers(min_value=1, max_value=10**9)


def transfer(*entries: Entry) -> Transfer:
    return Transfer(TransferKind.RECEIPT, "purpose", entries)


# transfers


@pytest.mark.parametrize("amounts_fen", [(5,), (5, 5), (5, -4), (0, 0), (5, -5, 0), ()], ids=str)
def test_entries_that_do_not_sum_to_zero_make_no_transfer(amounts_fen: tuple[int, ...]) -> None:
    entries = [Entry(accounts.escrow(str(i)), fen) for i, fen in enumerate(amounts_fen)]
    with pytest.raises(Unbalanced):
        transfer(*entries)


def test_a_transfer_names_an_account_once() -> None:
    account = accounts.escrow("order")
    with pytest.raises(Unbalanced):
        transfer(Entry(account, 5), Entry(account, -5))


def test_no_float_gets_into_a_transfer() -> None:
    with pytest.raises(TypeError):
        transfer(*between(accounts.escrow("a"), accounts.escrow("b"), 1.0))  # type: ignore[arg-type]


def test_the_same_purpose_has_the_same_id_and_another_kind_another() -> None:
    way = RefundWay("refund", "payment", "order", 5, "")
    begun, again = (postings.refund_begun(way, TILL, accounts.escrow("order")) for _ in range(2))
    assert begun.transfer_id == again.transfer_id
    assert begun.transfer_id != postings.refund_paid_out(way, TILL).transfer_id


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), amounts), max_size=20))
def test_net_changes_are_in_account_order_and_sum_to_zero(moves: list) -> None:
    transfers = [
        transfer(*between(accounts.escrow(str(a)), accounts.escrow(str(b)), fen))
        for a, b, fen in moves
        if a != b
    ]
    changes = net_changes(transfers)
    ids = [change.account.account_id for change in changes]
    assert ids == sorted(set(ids))
    assert sum(change.amount_fen for change in changes) == 0


@given(st.lists(amounts, min_size=1, max_size=8), st.lists(amounts, min_size=1, max_size=8))
def test_flows_give_and_take_what_the_entries_say(given_fen: list, taken_fen: list) -> None:
    gap = sum(given_fen) - sum(taken_fen)
    (taken_fen if gap > 0 else given_fen).append(abs(gap))
    entries = [(f"giver{i}", -fen) for i, fen in enumerate(given_fen)]
    entries += [(f"taker{i}", fen) for i, fen in enumerate(taken_fen)]
    arrows = flows(entries)
    for account, amount_fen in entries:
        out = sum(arrow.amount_fen for arrow in arrows if arrow.source == account)
        into = sum(arrow.amount_fen for arrow in arrows if arrow.target == account)
        assert into - out == amount_fen
    assert all(arrow.amount_fen > 0 for arrow in arrows)


# accounts


def test_each_kind_of_account_has_a_sign_rule() -> None:
    assert set(SIGNS) == set(AccountKind)


def test_an_account_is_found_without_a_look_up_and_no_two_share_an_id() -> None:
    standing = accounts.standing([(Channel.WECHAT, "1"), (Channel.WECHAT, "2")])
    others = [accounts.escrow("1"), accounts.merchant_fund("1"), accounts.household_fund("1")]
    assert len({account.account_id for account in standing + others}) == len(standing) + 3
    assert accounts.escrow("1").account_id == Account(AccountKind.ESCROW, "1").account_id


def test_the_custodian_is_part_of_an_account() -> None:
    frozen = Account(AccountKind.ESCROW, "1", custodian=accounts.Custodian.CHANNEL)
    assert frozen.account_id != accounts.escrow("1").account_id


# postings


def held(parts: Parts, merchant_id: str = "merchant") -> Held:
    return Held(new_id(), merchant_id, parts)


shares = st.builds(Parts, *(st.integers(0, 10**6) for _ in range(4))).filter(
    lambda parts: parts.money_fen > 0
)


@given(shares)
def test_a_receipt_holds_exactly_the_money_that_was_paid(parts: Parts) -> None:
    source, one = Source(TILL, new_id(), new_id()), held(parts)
    givers = Givers(TILL.clearing, accounts.hold("fund"), accounts.hold("card"))
    made = postings.receipt(source, one, givers)
    changes = {entry.account: entry.amount_fen for entry in made.entries}
    assert changes[accounts.escrow(one.order_id)] == parts.money_fen
    assert changes.get(TILL.clearing, 0) == -parts.channel_fen


@given(amounts, st.booleans())
def test_money_that_came_and_went_leaves_nothing_behind(amount_fen: int, late: bool) -> None:
    order_id = None if late else new_id()
    source = Source(TILL, new_id(), new_id())
    way = RefundWay(derived_id("refund"), source.payment_id, order_id, amount_fen, "")
    part = Held(order_id or new_id(), new_id(), Parts(channel_fen=amount_fen))
    came = (
        postings.unclaimed_receipt(source, amount_fen, "paid_late")
        if late
        else postings.receipt(source, part, Givers(TILL.clearing))
    )
    from_account = TILL.unclaimed if late else accounts.escrow(part.order_id)
    balances: dict[Account, int] = {}
    begun = postings.refund_begun(way, TILL, from_account)
    for each in [came, begun, postings.refund_paid_out(way, TILL)]:
        for entry in each.entries:
            balances[entry.account] = balances.get(entry.account, 0) + entry.amount_fen
    assert set(balances.values()) == {0}


cuts = st.lists(st.integers(1, 10**6), max_size=8)


@given(shares, cuts)
def test_parts_that_go_back_one_by_one_are_the_whole_in_the_end(
    parts: Parts, wishes: list[int]
) -> None:
    left = parts
    for wish in [*wishes, 10**9]:
        amount_fen = min(wish, left.total_fen)
        part = part_of(left, amount_fen)
        assert part.total_fen == amount_fen
        left = left.minus(part)
        assert min(left.channel_fen, left.fund_fen, left.card_fen, left.gift_fen) >= 0
    assert left == Parts()


@given(st.integers(0, 10**6), st.integers(0, 3000), st.integers(0, 10**5), cuts)
def test_shares_undone_part_by_part_are_undone_as_a_whole(
    money_fen: int, rate_bp: int, subsidy_fen: int, wishes: list[int]
) -> None:
    standing = settle(money_fen, rate_bp, subsidy_fen)
    assert standing.commission_fen <= money_fen
    for wish in [*wishes, 10**9]:
        part_fen = min(wish, standing.money_fen)
        undo = undone(standing, part_fen)
        assert undo.money_fen == part_fen
        standing = Settlement(
            standing.money_fen - undo.money_fen,
            standing.commission_fen - undo.commission_fen,
            standing.subsidy_fen - undo.subsidy_fen,
        )
        assert standing.commission_fen >= 0
        assert standing.subsidy_fen >= 0
    if money_fen:
        assert standing == Settlement(0, 0, 0)


@given(amounts, amounts, amounts)
def test_a_merchant_pays_from_its_fund_then_its_deposit_then_owes(
    due_fen: int, fund_fen: int, deposit_fen: int
) -> None:
    from_fund, from_deposit, owed = Purse(fund_fen, deposit_fen).pay(due_fen)
    assert from_fund + from_deposit + owed == due_fen
    assert not owed or (from_fund, from_deposit) == (fund_fen, deposit_fen)
    assert not from_deposit or from_fund == fund_fen


# states


def test_an_escrow_ends_once_and_only_a_quarrel_opens_it_again() -> None:
    assert resolve(EscrowState.HELD, EscrowAct.RELEASE) is EscrowState.RELEASED
    assert resolve(EscrowState.HELD, EscrowAct.REFUND) is EscrowState.REFUNDED
    for act in set(EscrowAct) - {EscrowAct.TAKE_BACK}:
        with pytest.raises(AlreadyResolved) as refused:
            resolve(EscrowState.RELEASED, act)
        assert refused.value.fields == {"state": EscrowState.RELEASED}
    for act in EscrowAct:
        with pytest.raises(AlreadyResolved):
            resolve(EscrowState.REFUNDED, act)
    with pytest.raises(AlreadyResolved):
        resolve(EscrowState.FROZEN, EscrowAct.RELEASE)


def test_paid_and_closed_are_final() -> None:
    final = {PaymentState.PAID, PaymentState.CLOSED}
    assert not final & {state for state, _ in PAYMENT_MOVES}
    assert payment_sources(PaymentAct.CLOSE) == [PaymentState.CLOSING]


def test_a_refund_that_is_done_stays_done() -> None:
    assert RefundState.DONE not in {state for state, _ in REFUND_MOVES}
    assert REFUND_MOVES[RefundState.FAILED, RefundAct.SUCCEED] is RefundState.DONE


def test_polling_backs_off_and_never_stops() -> None:
    waits = [(next_poll_at(count, NOW) - NOW).total_seconds() for count in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == POLL_AFTER_S[-1]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001
def test_each_moment_lies_in_its_own_beijing_day(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    first, end = bounds(day_of(moment))
    assert first <= moment < end
    assert end - first == timedelta(days=1)
