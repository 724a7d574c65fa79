"""One set of pieces in the place of others, and pieces that a buyer brought back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.catalog import queries
from services.catalog.use_cases.commit_reservation import commit_paid_order
from services.catalog.use_cases.put_item import put_item
from services.catalog.use_cases.release_reservation import (
    expire_reservations,
    release_cancelled_order,
)
from services.catalog.use_cases.return_pieces import return_pieces
from services.catalog.use_cases.set_stock import set_stock
from services.catalog.use_cases.swap_reservation import swap_reservation
from services.contracts.catalog import (
    NoSuchItem,
    OffShelf,
    OutOfStock,
    ReservationOver,
    ReservedView,
    SetStock,
    SkuSpec,
)
from services.kernel.db import Database
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.errors import LinliError, Malformed
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from tests.support.catalog import (
    HOLD,
    NOW,
    discrepancies,
    item_command,
    movements_of,
    order_cancelled,
    order_paid,
    return_command,
    set_aside,
    shelve,
    shopkeeper_of,
    states_of,
    stock_of,
    swap_command,
    swapped,
)
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database
LATER = NOW + HOLD + timedelta(seconds=1)


class Stall:
    """A store with one item, whose SKUs are put anew at will."""

    def __init__(self, db: Database, *stocks: int | None) -> None:
        self.db, self.store_id, self.item_id = db, new_id(), new_id()
        self.keeper = shopkeeper_of(self.store_id)
        self.specs = [SkuSpec(sku_id=new_id(), price_fen=300, stock=stock) for stock in stocks]
        self.skus = [spec.sku_id for spec in self.specs]
        self.put()

    def put(self, *numbers: int, price_fen: int = 300, **fields: object) -> None:
        chosen = [self.specs[n] for n in numbers] or self.specs
        skus = [spec.model_copy(update={"price_fen": price_fen}) for spec in chosen]
        command = item_command(self.store_id, skus, self.item_id, **fields)
        put_item(self.db, command, self.keeper, NOW)

    def count(self, number: int, stock: int | None) -> None:
        command = SetStock(request_id=new_id(), sku_id=self.skus[number], stock=stock)
        set_stock(self.db, command, self.keeper, NOW)

    def sold(self, wanted: dict[str, int]) -> str:
        """The id of a reservation that is paid for."""
        view = set_aside(self.db, wanted)
        with self.db.transaction() as tx:
            commit_paid_order(tx, order_paid(view.reservation_id, list(wanted)), NOW)
        return view.reservation_id


def pieces(view: ReservedView) -> dict[str, int]:
    return {line.sku_id: line.quantity for line in view.lines}


def test_a_swap_gives_the_old_pieces_back_and_takes_the_new_ones_sold(db: Database) -> None:
    stall = Stall(db, 5, 5, 5)
    kept, dropped, added = stall.skus
    first = stall.sold({kept: 2, dropped: 1})
    view = swapped(db, [first], {kept: 3, added: 4})
    assert pieces(view) == {kept: 3, added: 4}
    assert [stock_of(db, sku) for sku in stall.skus] == [2, 5, 1]
    assert states_of(db, first) == ["released", "released"]
    assert states_of(db, view.reservation_id) == ["committed", "committed"]
    assert discrepancies(db) == []


def test_the_last_piece_is_swapped_for_itself_without_passing_over_the_shelf(db: Database) -> None:
    stall = Stall(db, 1, 0)
    first = stall.sold({stall.skus[0]: 1})
    swapped(db, [first], {stall.skus[0]: 1})
    assert stock_of(db, stall.skus[0]) == 0
    assert movements_of(db, stall.skus[0]) == [
        ("count", 1),
        ("release", 1),
        ("reserve", -1),
        ("reserve", -1),
    ]
    assert discrepancies(db) == []


def test_what_was_set_aside_for_the_difference_goes_into_the_swap(db: Database) -> None:
    stall = Stall(db, 3, 2)
    one, two = stall.skus
    order = stall.sold({one: 1})
    extra = set_aside(db, {one: 2, two: 2}).reservation_id
    assert pieces(swapped(db, [order, extra], {one: 3, two: 2})) == {one: 3, two: 2}
    assert (stock_of(db, one), stock_of(db, two)) == (0, 0)
    assert states_of(db, extra) == ["released", "released"]
    assert expire_reservations(db, LATER, 10) == 0
    assert discrepancies(db) == []


def test_the_same_swap_again_gives_the_first_answer_whatever_came_after(db: Database) -> None:
    stall = Stall(db, 9, 9)
    one, two = stall.skus
    command = swap_command([stall.sold({one: 2})], {two: 1, one: 1})
    first = swap_reservation(db, command, NOW)
    stall.put(0, price_fen=900)
    assert swap_reservation(db, command, NOW) == first
    second = swapped(db, [command.reservation_id], {two: 3})
    assert swap_reservation(db, command, NOW) == first
    assert (stock_of(db, one), stock_of(db, two)) == (9, 6)
    assert states_of(db, second.reservation_id) == ["committed"]
    with pytest.raises(RequestConflict):
        swap_reservation(db, swap_command(command.from_ids, {two: 2}, first.reservation_id), NOW)
    assert discrepancies(db) == []


def test_a_swap_for_more_than_was_had_and_is_left_is_refused_and_changes_nothing(
    db: Database,
) -> None:
    stall = Stall(db, 3, 4)
    one, two = stall.skus
    first = stall.sold({one: 2, two: 1})
    with pytest.raises(OutOfStock) as refused:
        swapped(db, [first], {one: 4, two: 4})
    assert refused.value.fields == {one: "3"}
    assert (stock_of(db, one), stock_of(db, two)) == (1, 3)
    assert states_of(db, first) == ["committed", "committed"]
    assert discrepancies(db) == []


def test_what_was_aside_keeps_its_price_and_may_be_off_the_shelf_new_skus_may_not(
    db: Database,
) -> None:
    stall = Stall(db, 5, 5)
    retired, other = stall.skus
    first = stall.sold({retired: 1})
    stall.put(1, price_fen=450)
    view = swapped(db, [first], {retired: 2, other: 1})
    assert [(line.price_fen, line.quantity) for line in view.lines] == [(300, 2), (450, 1)]
    stall.put(1, price_fen=500, on_shelf=False)
    again = swapped(db, [view.reservation_id], {other: 1})
    assert [line.price_fen for line in again.lines] == [450]
    with pytest.raises(OffShelf):
        swapped(db, [again.reservation_id], {other: 1, retired: 1})
    with pytest.raises(NoSuchItem):
        swapped(db, [again.reservation_id], {other: 1, new_id(): 1})
    assert discrepancies(db) == []


def test_pieces_of_a_cancelled_order_cannot_be_swapped(db: Database) -> None:
    stall = Stall(db, 5)
    [sku] = stall.skus
    first = stall.sold({sku: 2})
    with db.transaction() as tx:
        release_cancelled_order(tx, order_cancelled(first, [sku], paid=True), NOW)
    for from_ids in ([first], [new_id()], [stall.sold({sku: 1}), first]):
        with pytest.raises(ReservationOver):
            swapped(db, from_ids, {sku: 1})
    assert stock_of(db, sku) == 4
    assert discrepancies(db) == []


def test_expired_pieces_are_had_again_where_they_are_still_there(db: Database) -> None:
    stall = Stall(db, 3)
    [sku] = stall.skus
    held = set_aside(db, {sku: 2}).reservation_id
    expire_reservations(db, LATER, 10)
    view = swapped(db, [held], {sku: 3})
    assert stock_of(db, sku) == 0
    assert states_of(db, held) == ["released"]
    assert states_of(db, view.reservation_id) == ["committed"]
    assert discrepancies(db) == []


def test_expired_pieces_that_were_sold_to_another_are_over(db: Database) -> None:
    stall = Stall(db, 3)
    [sku] = stall.skus
    order, extra = stall.sold({sku: 1}), set_aside(db, {sku: 2}).reservation_id
    expire_reservations(db, LATER, 10)
    stall.sold({sku: 1})
    with pytest.raises(ReservationOver) as refused:
        swapped(db, [order, extra], {sku: 3})
    assert refused.value.fields == {sku: "expired"}
    assert states_of(db, order) == ["committed"]
    assert discrepancies(db) == []


def test_another_stores_order_of_the_same_cart_keeps_its_pieces(db: Database) -> None:
    mine, theirs = Stall(db, 5), Stall(db, 5)
    shared = mine.sold({mine.skus[0]: 1, theirs.skus[0]: 1})
    swapped(db, [shared], {mine.skus[0]: 2})
    assert sorted(states_of(db, shared)) == ["committed", "released"]
    assert (stock_of(db, mine.skus[0]), stock_of(db, theirs.skus[0])) == (3, 4)
    with pytest.raises(Malformed):
        swapped(db, [shared], {mine.skus[0]: 1, theirs.skus[0]: 1})
    assert discrepancies(db) == []


def test_a_reservation_is_neither_named_twice_nor_swapped_for_itself(db: Database) -> None:
    stall = Stall(db, 5)
    first = stall.sold({stall.skus[0]: 1})
    for command in (
        swap_command([first, first], {stall.skus[0]: 1}),
        swap_command([first], {stall.skus[0]: 1}, first),
    ):
        with pytest.raises(Malformed):
            swap_reservation(db, command, NOW)


def test_what_nobody_counted_when_it_was_sold_is_not_taken_from_a_later_count(
    db: Database,
) -> None:
    stall = Stall(db, None)
    [sku] = stall.skus
    first = stall.sold({sku: 3})
    stall.count(0, 1)
    second = swapped(db, [first], {sku: 2}).reservation_id
    assert stock_of(db, sku) == 1
    third = swapped(db, [second], {sku: 3}).reservation_id
    assert stock_of(db, sku) == 0
    stall.count(0, None)
    swapped(db, [third], {sku: 900})
    assert discrepancies(db) == []


def test_a_swap_takes_eight_statements_however_many_skus(db: Database) -> None:
    stall = Stall(db, *[9] * 8)
    first = stall.sold(dict.fromkeys(stall.skus[:5], 1))
    command = swap_command([first], dict.fromkeys(stall.skus, 2))
    with counted_statements() as count:
        swap_reservation(db, command, NOW)
    assert count() == 8


def test_many_rivals_with_the_same_swap_take_its_pieces_once(db: Database) -> None:
    stall = Stall(db, 50)
    command = swap_command([stall.sold({stall.skus[0]: 2})], {stall.skus[0]: 5})

    def call(_: int) -> str:
        view = rerun_on_conflict("swap", lambda: swap_reservation(db, command, NOW))
        return view.model_dump_json()

    with ThreadPoolExecutor(8) as rivals:
        assert len(set(rivals.map(call, range(16)))) == 1
    assert stock_of(db, stall.skus[0]) == 45
    assert discrepancies(db) == []


def test_of_a_swap_and_a_cancellation_at_the_same_moment_one_has_the_pieces(db: Database) -> None:
    stall = Stall(db, 40, 40)
    one, two = stall.skus
    orders = [stall.sold({one: 1, two: 1}) for _ in range(12)]

    def swap(from_id: str) -> bool:
        try:
            rerun_on_conflict("swap", lambda: swapped(db, [from_id], {two: 2, one: 1}))
        except ReservationOver:
            return False
        return True

    def cancel(from_id: str) -> None:
        with db.transaction() as tx:
            release_cancelled_order(tx, order_cancelled(from_id, [two, one], paid=True), NOW)

    with ThreadPoolExecutor(8) as pool:
        swaps = [pool.submit(swap, order) for order in orders]
        cancels = [
            pool.submit(rerun_on_conflict, "cancel", lambda o=order: cancel(o)) for order in orders
        ]
        for task in cancels:
            task.result(30)
        won = sum(task.result(30) for task in swaps)
    assert (stock_of(db, one), stock_of(db, two)) == (40 - won, 40 - 2 * won)
    assert {state for order in orders for state in states_of(db, order)} == {"released"}
    assert discrepancies(db) == []


def test_two_swaps_of_the_same_pieces_in_opposite_orders_end_with_one_winner(
    db: Database,
) -> None:
    stall = Stall(db, 100, 100)
    one, two = stall.skus
    pairs = [(stall.sold({one: 1}), stall.sold({two: 1})) for _ in range(8)]

    def swap(from_ids: tuple[str, str]) -> str:
        try:
            rerun_on_conflict("swap", lambda: swapped(db, from_ids, {one: 2, two: 2}))
        except LinliError as error:
            return error.code
        return "won"

    rivals = [ids for a, b in pairs for ids in ((a, b), (b, a))]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(swap, rivals))
    assert sorted(outcomes) == ["catalog.reservation_over"] * 8 + ["won"] * 8
    assert (stock_of(db, one), stock_of(db, two)) == (84, 84)
    assert discrepancies(db) == []


def test_returned_pieces_are_for_sale_again_once_for_each_return(db: Database) -> None:
    one, two = shelve(db, 5, None)
    command = return_command({one: 2, two: 1})
    return_pieces(db, command, NOW)
    return_pieces(db, command, NOW)
    assert stock_of(db, one) == 7
    with db.reading() as tx:
        assert queries.sku(tx, two)[1].stock is None
    for other in ({one: 1}, {one: 2, shelve(db, 1)[0]: 1}):
        with pytest.raises(RequestConflict):
            return_pieces(db, return_command(other, command.return_id), NOW)
    return_pieces(db, return_command({one: 2}), NOW)
    assert stock_of(db, one) == 9
    assert discrepancies(db) == []


def test_a_return_may_bear_the_id_of_a_reservation(db: Database) -> None:
    [sku] = shelve(db, 5)
    replacement = set_aside(db, {sku: 1}).reservation_id
    return_pieces(db, return_command({sku: 1}, replacement), NOW)
    assert stock_of(db, sku) == 5
    assert discrepancies(db) == []


def test_an_unknown_sku_is_not_returned_and_nothing_else_is(db: Database) -> None:
    [sku] = shelve(db, 5)
    stranger = new_id()
    with pytest.raises(NoSuchItem) as refused:
        return_pieces(db, return_command({sku: 1, stranger: 1}), NOW)
    assert refused.value.fields == {stranger: "unknown"}
    assert stock_of(db, sku) == 5
    assert discrepancies(db) == []


def test_rivals_with_the_same_return_bring_it_once(db: Database) -> None:
    one, two = shelve(db, 5, 5)
    command = return_command({two: 1, one: 1})
    with ThreadPoolExecutor(8) as rivals:
        list(
            rivals.map(
                lambda _: rerun_on_conflict("return", lambda: return_pieces(db, command, NOW)),
                range(16),
            )
        )
    assert (stock_of(db, one), stock_of(db, two)) == (6, 6)


def test_another_order_of_the_same_store_and_cart_keeps_its_pieces(db: Database) -> None:
    stall = Stall(db, 5, 5)
    mine, other = stall.skus
    cart = stall.sold({mine: 2, other: 1})
    swapped(db, [cart], {mine: 1}, sku_ids=[mine])
    assert (stock_of(db, mine), stock_of(db, other)) == (4, 4)
    assert sorted(states_of(db, cart)) == ["committed", "released"]
    assert discrepancies(db) == []
