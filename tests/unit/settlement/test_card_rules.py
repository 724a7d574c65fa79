"""The gift on a prepaid card follows its money."""

from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain import accounts
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.cards import Card, gift_going, gift_of

FEN = st.integers(0, 10**9)


@given(st.integers(1, 10**9), FEN, st.integers(0, 100))
def test_a_card_sold_for_a_part_of_its_price_has_that_part_of_the_gift(
    price_fen: int, gift_fen: int, percent: int
) -> None:
    money_fen = price_fen * percent // 100
    part_fen = gift_of(gift_fen, price_fen, money_fen)
    assert 0 <= part_fen <= gift_fen
    assert gift_of(gift_fen, price_fen, price_fen) == gift_fen
    assert gift_of(gift_fen, price_fen, 0) == 0


@given(FEN, FEN, FEN)
def test_the_gift_goes_in_proportion_and_wholly_with_the_last_fen(
    money_fen: int, gift_fen: int, wish_fen: int
) -> None:
    going_fen = min(wish_fen, money_fen)
    gone_fen = gift_going(money_fen, gift_fen, going_fen)
    assert 0 <= gone_fen <= gift_fen
    assert gift_going(money_fen, gift_fen, money_fen) == gift_fen
    if money_fen:
        assert abs(gone_fen * money_fen - gift_fen * going_fen) < money_fen


def test_a_gift_is_never_in_the_propertys_hands_and_money_never_in_the_merchants() -> None:
    card = Card("card", "merchant", "household", "payment", 1)
    for transfers in (card.sold(300, 30), card.taken_back(300, 30), card.returned(300, 30)):
        money, gift = transfers
        assert {entry.account.custodian for entry in money.entries} == {Custodian.PROPERTY}
        assert {entry.account.custodian for entry in gift.entries} == {Custodian.MERCHANT}


def test_what_is_nothing_moves_nothing_and_each_turn_is_a_transfer_of_its_own() -> None:
    first = Card("card", "merchant", "household", "payment", 1)
    second = Card("card", "merchant", "household", "payment", 2)
    [only] = first.returned(300, 0)
    assert only.entries[1].account == accounts.household_fund("household")
    assert only.transfer_id != second.returned(300, 0)[0].transfer_id
    assert first.returned(0, 0) == []
