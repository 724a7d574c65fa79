"""Prepaid cards: the money stays with the property until it is spent, or goes back."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from services.contracts.cards import (
    CardReturnsQuery,
    CardsQuery,
    CardState,
    NoSuchCard,
)
from services.contracts.permissions import Permission
from services.contracts.settlement import OwnerKind, TooMuch, WayNotOpen
from services.kernel.actor import Actor
from services.kernel.errors import Forbidden
from services.kernel.ids import new_id
from services.settlement.audit import prove_books
from services.settlement.domain import accounts
from services.settlement.use_cases.return_cards import return_cards, return_remnants
from services.settlement.use_cases.see_cards import see_cards, see_returns
from tests.support.frail_database import BrokenOff, FrailDatabase
from tests.support.orders import told_events
from tests.support.settlement import Books, cashier, member_of
from tests.support.settlement_cards import CardShop, card_of

pytestmark = pytest.mark.database
KILLED_WORKER = """
import sys
from services.kernel import failpoints
from services.kernel.db import Database
from services.settlement.use_cases.return_cards import return_cards
from tests.support.settlement_channel import NOW

failpoints.arm("settlement.cards.between_batches=kill@2", sys.argv[2])
return_cards(Database(sys.argv[1]), NOW, batch=2)
"""


@pytest.fixture
def shop(books: Books) -> CardShop:
    """A shop that sells 充300送30."""
    return CardShop(books)


def merchants_money(shop: CardShop) -> int:
    return shop.books.fund_of(OwnerKind.MERCHANT, shop.merchant_id)


def progress(shop: CardShop) -> tuple[int, int, int, bool]:
    query = CardReturnsQuery(merchant_id=shop.merchant_id)
    view = see_returns(shop.books.db, query, cashier())
    return view.cards, view.returned, view.returned_fen, view.done


def told_of_cards(shop: CardShop) -> list[tuple[int, int]]:
    events = told_events(shop.books.db)
    cards = [data for name, data in events if name == "card.returned"]
    return [(data["amount_fen"], data["gift_fen"]) for data in cards]


# the sale


def test_the_money_of_a_sold_card_stays_with_the_property(shop: CardShop) -> None:
    card = shop.sold()
    view = shop.seen(card)
    assert (view.state, view.money_fen, view.gift_fen) == (CardState.ACTIVE, 30_000, 3000)
    assert (view.paid_in_fen, view.name) == (30_000, "会员卡 充300送30")
    assert merchants_money(shop) == 0
    assert shop.books.balance(accounts.COMMISSION) == 0
    assert shop.books.balance(accounts.escrow(card_of(card))) == 0
    shop.books.assert_proved()


def test_the_merchant_is_told_of_no_money_when_a_card_is_sold(shop: CardShop) -> None:
    shop.sold()
    released = [data for name, data in told_events(shop.books.db) if name == "escrow.released"]
    assert [data["amount_fen"] for data in released] == [0]


def test_what_is_spent_is_paid_to_the_merchant_without_the_gift(shop: CardShop) -> None:
    card = shop.sold()
    breakfast = shop.spent(card, 11_000)
    view = shop.seen(card)
    assert (view.money_fen, view.gift_fen) == (20_000, 2000)
    shop.books.complete(breakfast)
    assert merchants_money(shop) == 10_000
    shop.books.assert_proved()


def test_each_purchase_is_a_card_of_its_own(shop: CardShop) -> None:
    household_id = new_id()
    first, second = shop.sold(household_id), shop.sold(household_id)
    shop.spent(first, 33_000)
    assert (shop.seen(first).money_fen, shop.seen(second).money_fen) == (0, 30_000)


def test_a_card_cannot_be_spent_twice_at_the_same_time(shop: CardShop) -> None:
    card = shop.sold()
    payment = shop.goods(card.household_id, 33_000)
    shop.pays(payment, card_of(card))
    other = shop.goods(card.household_id, 500)
    with pytest.raises(WayNotOpen):
        shop.pays(other, card_of(card))
    assert shop.seen(card).money_fen == 0
    shop.books.assert_proved()


# the sale is undone


def test_an_unspent_sale_can_be_refunded_as_a_whole_and_the_promise_goes_with_it(
    shop: CardShop,
) -> None:
    card = shop.sold()
    shop.undo(card, 30_000)
    view = shop.seen(card)
    assert (view.state, view.money_fen, view.gift_fen) == (CardState.RETURNED, 0, 0)
    assert shop.fund_of(card) == 30_000
    assert shop.books.balance(accounts.merchant_promise(shop.merchant_id)) == 0
    shop.books.assert_proved()


def test_a_part_of_a_sale_takes_its_share_of_the_gift_with_it(shop: CardShop) -> None:
    card = shop.sold()
    shop.undo(card, 10_000)
    view = shop.seen(card)
    assert (view.state, view.money_fen, view.gift_fen) == (CardState.ACTIVE, 20_000, 2000)
    shop.undo(card, 20_000)
    assert shop.fund_of(card) == 30_000
    assert shop.seen(card).gift_fen == 0
    shop.books.assert_proved()


def test_only_what_is_still_on_the_card_can_be_refunded(shop: CardShop) -> None:
    card = shop.sold()
    shop.spent(card, 11_000)
    with pytest.raises(TooMuch) as refused:
        shop.undo(card, 20_001)
    assert refused.value.fields == {"left_fen": "20000"}
    shop.undo(card, 20_000)
    assert shop.fund_of(card) == 20_000
    shop.books.assert_proved()


def test_a_disputed_sale_that_stands_in_part_is_on_the_same_card_again(shop: CardShop) -> None:
    card = shop.sold()
    shop.freeze(card)
    assert (shop.seen(card).state, shop.seen(card).money_fen) == (CardState.RETURNED, 0)
    shop.rule(card, 10_000)
    view = shop.seen(card)
    assert (view.state, view.money_fen, view.gift_fen) == (CardState.ACTIVE, 20_000, 2000)
    assert (view.paid_in_fen, shop.fund_of(card)) == (20_000, 10_000)
    assert merchants_money(shop) == 0
    shop.books.assert_proved()


# the merchant leaves


def test_what_is_not_spent_goes_to_the_households_fund_when_the_merchant_leaves(
    shop: CardShop,
) -> None:
    untouched, half_spent = shop.sold(), shop.sold()
    elsewhere = CardShop(shop.books).sold()
    shop.books.complete(shop.spent(half_spent, 16_500))
    shop.leaves()
    assert shop.returns() == 2
    assert (shop.fund_of(untouched), shop.fund_of(half_spent)) == (30_000, 15_000)
    view = shop.seen(half_spent)
    assert (view.state, view.money_fen, view.gift_fen) == (CardState.RETURNED, 0, 0)
    assert merchants_money(shop) == 15_000
    assert shop.seen(elsewhere).state is CardState.ACTIVE
    assert sorted(told_of_cards(shop)) == [(15_000, 1500), (30_000, 3000)]
    assert progress(shop) == (2, 2, 45_000, True)
    shop.books.assert_proved()


def test_a_worker_killed_between_batches_goes_on_and_returns_each_card_once(
    shop: CardShop, tmp_path: Path
) -> None:
    cards = [shop.sold() for _ in range(5)]
    shop.leaves()
    died = subprocess.run(
        [sys.executable, "-c", KILLED_WORKER, shop.books.db.url, str(tmp_path)],
        timeout=60,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert progress(shop) == (5, 4, 120_000, False)
    assert shop.returns(batch=2) == 1
    assert shop.returns() == 0
    assert [shop.fund_of(card) for card in cards] == [30_000] * 5
    assert len(told_of_cards(shop)) == 5
    shop.books.assert_proved()


@pytest.mark.parametrize("statements", range(0, 12, 2))
def test_a_batch_that_is_broken_off_moves_nothing_and_is_done_again(
    shop: CardShop, statements: int
) -> None:
    cards = [shop.sold() for _ in range(2)]
    shop.leaves()
    frail = FrailDatabase(shop.books.db.url)
    frail.dies_in = statements
    with pytest.raises(BrokenOff):
        return_cards(frail, shop.books.now)
    frail.dispose()
    assert [shop.fund_of(card) for card in cards] == [0, 0]
    assert shop.returns() == 2
    assert [shop.fund_of(card) for card in cards] == [30_000, 30_000]
    shop.books.assert_proved()


def test_a_card_that_somebody_is_spending_is_returned_in_the_next_run(shop: CardShop) -> None:
    busy, idle = shop.sold(), shop.sold()
    shop.leaves()
    with shop.books.db.transaction() as tx:
        tx.execute(text("SELECT 1 FROM card WHERE card_id = :c FOR UPDATE"), {"c": card_of(busy)})
        assert shop.returns() == 1
    assert shop.fund_of(idle) == 30_000
    assert shop.returns() == 1
    assert shop.fund_of(busy) == 30_000


def test_a_card_whose_sale_is_completed_after_the_merchant_left_is_returned_too(
    shop: CardShop,
) -> None:
    card = shop.paid()
    shop.leaves()
    assert shop.returns() == 0
    shop.books.complete(card)
    assert shop.returns() == 1
    assert shop.fund_of(card) == 30_000
    shop.books.assert_proved()


def test_money_that_comes_back_onto_a_returned_card_follows_to_the_fund(shop: CardShop) -> None:
    card = shop.sold()
    breakfast = shop.spent(card, 11_000)
    shop.leaves()
    shop.returns()
    assert shop.fund_of(card) == 20_000
    shop.books.cancel(breakfast)
    assert shop.seen(card).money_fen == 10_000
    assert return_remnants(shop.books.db, shop.books.now) == 1
    assert return_remnants(shop.books.db, shop.books.now) == 0
    assert shop.fund_of(card) == 30_000
    assert (shop.seen(card).money_fen, shop.seen(card).gift_fen) == (0, 0)
    shop.books.assert_proved()


def test_a_returned_card_pays_for_nothing_any_more(shop: CardShop) -> None:
    card = shop.sold()
    shop.leaves()
    shop.returns()
    with pytest.raises(NoSuchCard):
        shop.pays(shop.goods(card.household_id, 500), card_of(card))


# who sees it


def test_a_strangers_card_is_not_found(shop: CardShop) -> None:
    card = shop.sold()
    stranger = member_of(new_id())
    with pytest.raises(NoSuchCard):
        shop.seen(card, stranger)
    with pytest.raises(NoSuchCard):
        see_cards(shop.books.db, CardsQuery(household_id=card.household_id), stranger)
    with pytest.raises(NoSuchCard):
        see_cards(shop.books.db, CardsQuery(), stranger)
    with pytest.raises(NoSuchCard):
        CardShop(shop.books).seen(card, CardShop(shop.books).people())


def test_household_shop_and_staff_each_see_their_cards_the_newest_first(shop: CardShop) -> None:
    household_id = new_id()
    ids = [card_of(shop.sold(household_id)) for _ in range(3)]
    other = card_of(shop.sold())
    db = shop.books.db

    def listed(actor: Actor, **query: object) -> list[str]:
        return [one.card_id for one in see_cards(db, CardsQuery(**query), actor).items]

    assert listed(member_of(household_id), household_id=household_id) == ids[::-1]
    both = {"household_id": household_id, "merchant_id": shop.merchant_id}
    assert listed(member_of(household_id), **both) == ids[::-1]
    assert listed(shop.people(), merchant_id=shop.merchant_id) == [other, *ids[::-1]]
    assert listed(cashier()) == [other, *ids[::-1]]
    page = see_cards(db, CardsQuery(household_id=household_id, limit=2), cashier())
    assert [one.card_id for one in page.items] == ids[:0:-1]
    assert listed(cashier(), household_id=household_id, after=page.next_after) == ids[:1]


def test_the_progress_of_a_return_is_for_staff(shop: CardShop) -> None:
    query = CardReturnsQuery(merchant_id=shop.merchant_id)
    with pytest.raises(Forbidden):
        see_returns(shop.books.db, query, shop.people())
    clerk = Actor(account_id=new_id(), permissions=frozenset({Permission.MERCHANT_CERTIFY}))
    assert see_returns(shop.books.db, query, clerk).done is False


# the proofs


@pytest.mark.parametrize(
    ("proof", "harm"),
    [
        ("card_money", "UPDATE card SET paid_in_fen = paid_in_fen + 1"),
        ("card_money", "UPDATE card SET returned_fen = 5"),
        ("card_sales", "DELETE FROM card"),
        ("card_gifts", "UPDATE account SET balance_fen = 1 WHERE kind = 'card_gift'"),
    ],
)
def test_the_audit_finds_a_card_that_does_not_fit_the_ledger(
    shop: CardShop, proof: str, harm: str
) -> None:
    shop.sold()
    with shop.books.db.transaction() as tx:
        tx.execute(text(harm))
    view = prove_books(shop.books.db, shop.books.channels, 0, shop.books.now)
    assert proof in {one.name for one in view.proofs if not one.holds}
