"""Reserving, giving back, selling and expiring, on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.catalog.tables import SkuRow
from services.catalog.use_cases.commit_reservation import commit_paid_order, commit_reservation
from services.catalog.use_cases.put_item import put_item
from services.catalog.use_cases.release_reservation import (
    expire_reservations,
    release_cancelled_order,
    release_reservation,
)
from services.catalog.use_cases.reserve import reserve
from services.catalog.use_cases.set_stock import set_stock
from services.contracts.catalog import (
    CommitReservation,
    ItemKind,
    NoSuchItem,
    OffShelf,
    OutOfStock,
    ReleaseReservation,
    ReservationOver,
    ReserveLine,
    SetStock,
    SkuSpec,
    StockShort,
)
from services.kernel import jsons
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken, Malformed
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from services.kernel.schema import OUTBOX
from tests.support.catalog import (
    HOLD,
    HOLD_MAX,
    NOW,
    discrepancies,
    item_command,
    movements_of,
    order_cancelled,
    order_paid,
    reserve_command,
    set_aside,
    shelve,
    shopkeeper_of,
    states_of,
    stock_of,
)

pytestmark = pytest.mark.database
LATER = NOW + HOLD + timedelta(seconds=1)


def release(db: Database, reservation_id: str, *sku_ids: str) -> None:
    command = ReleaseReservation(
        request_id=new_id(), reservation_id=reservation_id, sku_ids=list(sku_ids)
    )
    release_reservation(db, command, NOW)


def commit(db: Database, reservation_id: str, *sku_ids: str) -> None:
    command = CommitReservation(
        request_id=new_id(), reservation_id=reservation_id, sku_ids=list(sku_ids)
    )
    commit_reservation(db, command, NOW)


def tell_paid(db: Database, reservation_id: str, *sku_ids: str) -> list[StockShort]:
    """Apply `order.paid`; what catalog told in return."""
    with db.transaction() as tx:
        commit_paid_order(tx, order_paid(reservation_id, sku_ids), NOW)
    with db.reading() as tx:
        rows = tx.all(select(OUTBOX.c.envelope).where(OUTBOX.c.name == StockShort.name))
    return [StockShort.model_validate(jsons.loads(row.envelope)["data"]) for row in rows]


def test_reserving_takes_the_pieces_and_answers_with_price_and_names(db: Database) -> None:
    [sku] = shelve(db, 5, price_fen=350)
    view = set_aside(db, {sku: 2})
    assert [(line.price_fen, line.quantity, line.item_name) for line in view.lines] == [
        (350, 2, "豆浆")
    ]
    assert stock_of(db, sku) == 3
    assert states_of(db, view.reservation_id) == ["held"]


def test_a_reserved_card_plan_says_its_gift_and_repeats_it_after_the_plan_has_changed(
    db: Database,
) -> None:
    store_id, item_id = new_id(), new_id()
    plan = SkuSpec(sku_id=new_id(), name="充300送30", price_fen=30_000, gift_fen=3000)
    keeper = shopkeeper_of(store_id)
    put_item(db, item_command(store_id, [plan], item_id, kind=ItemKind.CARD_PLAN), keeper, NOW)
    command = reserve_command({plan.sku_id: 2})
    [line] = reserve(db, command, NOW, HOLD_MAX).lines
    assert (line.kind, line.price_fen, line.gift_fen) == (ItemKind.CARD_PLAN, 30_000, 3000)
    less = plan.model_copy(update={"gift_fen": 0})
    put_item(db, item_command(store_id, [less], item_id, kind=ItemKind.CARD_PLAN), keeper, NOW)
    assert reserve(db, command, NOW, HOLD_MAX).lines == [line]


def test_lines_are_answered_in_the_order_asked_also_when_a_sku_is_named_twice(
    db: Database,
) -> None:
    low, high = shelve(db, 10, 10)
    command = reserve_command({high: 1}).model_copy(
        update={
            "lines": [
                ReserveLine(sku_id=high, quantity=1),
                ReserveLine(sku_id=low, quantity=2),
                ReserveLine(sku_id=high, quantity=3),
            ]
        }
    )
    view = reserve(db, command, NOW, HOLD_MAX)
    assert [(line.sku_id, line.quantity) for line in view.lines] == [(high, 1), (low, 2), (high, 3)]
    assert (stock_of(db, low), stock_of(db, high)) == (8, 6)


@pytest.mark.parametrize("stock", [3, 10])
def test_the_same_reservation_again_gives_the_first_answer_and_takes_nothing_more(
    db: Database, stock: int
) -> None:
    [sku] = shelve(db, stock)
    command = reserve_command({sku: 3})
    first = reserve(db, command, NOW, HOLD_MAX)
    assert reserve(db, command, NOW, HOLD_MAX) == first
    assert stock_of(db, sku) == stock - 3
    assert discrepancies(db) == []


def test_the_first_answer_keeps_its_price_when_the_price_has_changed_since(db: Database) -> None:
    store_id, item_id, sku_id = new_id(), new_id(), new_id()
    keeper = shopkeeper_of(store_id)
    cheap = [SkuSpec(sku_id=sku_id, price_fen=300, stock=9)]
    put_item(db, item_command(store_id, cheap, item_id), keeper, NOW)
    command = reserve_command({sku_id: 1})
    first = reserve(db, command, NOW, HOLD_MAX)
    dear = [SkuSpec(sku_id=sku_id, price_fen=900, stock=9)]
    put_item(db, item_command(store_id, dear, item_id), keeper, NOW)
    assert reserve(db, command, NOW, HOLD_MAX) == first


@pytest.mark.parametrize("quantity", [1, 3])
def test_the_same_reservation_for_something_else_is_a_conflict(db: Database, quantity: int) -> None:
    mine, other = shelve(db, 5, 5)
    first = reserve_command({mine: 2})
    reserve(db, first, NOW, HOLD_MAX)
    for wanted in ({mine: quantity}, {other: 2}, {mine: 2, other: 1}):
        with pytest.raises(RequestConflict):
            reserve(db, reserve_command(wanted, first.reservation_id), NOW, HOLD_MAX)
    assert (stock_of(db, mine), stock_of(db, other)) == (3, 5)
    assert discrepancies(db) == []


def test_too_few_pieces_refuse_all_lines_and_say_what_is_left(db: Database) -> None:
    plenty, scarce = shelve(db, 50, 1)
    with pytest.raises(OutOfStock) as refused:
        set_aside(db, {plenty: 2, scarce: 2})
    assert refused.value.fields == {scarce: "1"}
    assert (stock_of(db, plenty), stock_of(db, scarce)) == (50, 1)
    assert discrepancies(db) == []


def test_unknown_and_unshelved_items_are_refused_by_name(db: Database) -> None:
    [hidden] = shelve(db, 5, on_shelf=False)
    stranger = new_id()
    with pytest.raises(NoSuchItem) as refused:
        set_aside(db, {stranger: 1, hidden: 1})
    assert refused.value.fields == {stranger: "unknown"}
    with pytest.raises(OffShelf) as refused_off:
        set_aside(db, {hidden: 1})
    assert list(refused_off.value.fields) == [hidden]


def test_unlimited_skus_are_sold_without_counting(db: Database) -> None:
    [sku] = shelve(db, None)
    view = set_aside(db, {sku: 900})
    release(db, view.reservation_id)
    assert movements_of(db, sku) == []
    assert discrepancies(db) == []


def test_a_hold_beyond_the_limit_is_refused(db: Database) -> None:
    [sku] = shelve(db, 5)
    command = reserve_command({sku: 1}).model_copy(
        update={"hold_until": NOW + HOLD_MAX + timedelta(seconds=1)}
    )
    with pytest.raises(Malformed):
        reserve(db, command, NOW, HOLD_MAX)


def test_releasing_some_lines_gives_back_only_those_and_twice_does_nothing_more(
    db: Database,
) -> None:
    kept, given_back = shelve(db, 5, 5)
    view = set_aside(db, {kept: 2, given_back: 2})
    release(db, view.reservation_id, given_back)
    release(db, view.reservation_id, given_back)
    assert (stock_of(db, kept), stock_of(db, given_back)) == (3, 5)
    assert states_of(db, view.reservation_id) == ["held", "released"]
    assert discrepancies(db) == []


def test_releasing_what_was_never_reserved_does_nothing(db: Database) -> None:
    release(db, new_id())
    assert discrepancies(db) == []


def test_a_released_reservation_cannot_be_had_again_or_committed(db: Database) -> None:
    [sku] = shelve(db, 5)
    command = reserve_command({sku: 2})
    reserve(db, command, NOW, HOLD_MAX)
    release(db, command.reservation_id)
    with pytest.raises(ReservationOver):
        reserve(db, command, NOW, HOLD_MAX)
    with pytest.raises(ReservationOver):
        commit(db, command.reservation_id)
    assert stock_of(db, sku) == 5


def test_committed_pieces_stay_sold_when_the_hold_runs_out(db: Database) -> None:
    sku, other = shelve(db, 5, 5)
    view = set_aside(db, {sku: 2, other: 1})
    commit(db, view.reservation_id)
    commit(db, view.reservation_id, sku)
    assert expire_reservations(db, LATER, 100) == 0
    assert stock_of(db, sku) == 3
    assert states_of(db, view.reservation_id) == ["committed", "committed"]


def test_held_pieces_go_back_by_themselves_when_the_hold_runs_out(db: Database) -> None:
    [sku] = shelve(db, 5)
    view = set_aside(db, {sku: 2})
    assert expire_reservations(db, NOW + HOLD - timedelta(seconds=1), 100) == 0
    assert expire_reservations(db, LATER, 100) == 1
    assert expire_reservations(db, LATER, 100) == 0
    assert stock_of(db, sku) == 5
    assert states_of(db, view.reservation_id) == ["expired"]
    assert discrepancies(db) == []


def test_a_sweep_does_a_bounded_batch(db: Database) -> None:
    [sku] = shelve(db, 10)
    for _ in range(5):
        set_aside(db, {sku: 1})
    assert [expire_reservations(db, LATER, 3) for _ in range(3)] == [3, 2, 0]
    assert stock_of(db, sku) == 10


def test_a_paid_order_commits_only_its_own_lines_of_a_shared_reservation(db: Database) -> None:
    mine, other_store = shelve(db, 5, 5)
    view = set_aside(db, {mine: 1, other_store: 1})
    assert tell_paid(db, view.reservation_id, mine) == []
    assert states_of(db, view.reservation_id) == ["committed", "held"]


def test_an_order_paid_after_expiry_takes_its_pieces_again(db: Database) -> None:
    [sku] = shelve(db, 5)
    view = set_aside(db, {sku: 2})
    expire_reservations(db, LATER, 100)
    assert tell_paid(db, view.reservation_id, sku) == []
    assert stock_of(db, sku) == 3
    assert states_of(db, view.reservation_id) == ["committed"]
    assert discrepancies(db) == []


def test_an_order_paid_after_its_pieces_were_sold_to_another_is_told_short(db: Database) -> None:
    gone, there = shelve(db, 2, 5)
    late = set_aside(db, {gone: 2, there: 1})
    expire_reservations(db, LATER, 100)
    set_aside(db, {gone: 1})
    [short] = tell_paid(db, late.reservation_id, gone, there)
    assert short.sku_ids == [gone]
    assert states_of(db, late.reservation_id) == ["expired", "committed"]
    assert (stock_of(db, gone), stock_of(db, there)) == (1, 4)
    assert discrepancies(db) == []


def test_committing_what_was_sold_to_another_is_refused_and_takes_nothing(db: Database) -> None:
    gone, there = shelve(db, 2, 5)
    late = set_aside(db, {gone: 2, there: 1})
    expire_reservations(db, LATER, 100)
    set_aside(db, {gone: 1})
    with pytest.raises(OutOfStock):
        commit(db, late.reservation_id)
    assert stock_of(db, there) == 5
    assert states_of(db, late.reservation_id) == ["expired", "expired"]


def test_cancelling_a_paid_order_puts_its_pieces_back_on_the_shelf(db: Database) -> None:
    [sku] = shelve(db, 5)
    view = set_aside(db, {sku: 2})
    tell_paid(db, view.reservation_id, sku)
    with db.transaction() as tx:
        release_cancelled_order(tx, order_cancelled(view.reservation_id, [sku], paid=True), NOW)
    assert stock_of(db, sku) == 5
    assert states_of(db, view.reservation_id) == ["released"]
    assert discrepancies(db) == []


def test_cancelled_before_the_tidings_of_payment_come_the_pieces_stay_on_the_shelf(
    db: Database,
) -> None:
    [sku] = shelve(db, 5)
    view = set_aside(db, {sku: 2})
    with db.transaction() as tx:
        release_cancelled_order(tx, order_cancelled(view.reservation_id, [sku], paid=True), NOW)
    assert tell_paid(db, view.reservation_id, sku) == []
    assert stock_of(db, sku) == 5
    assert states_of(db, view.reservation_id) == ["released"]


def test_a_paid_order_whose_reservation_is_unknown_needs_a_person(db: Database) -> None:
    with pytest.raises(InvariantBroken):
        tell_paid(db, new_id(), new_id())


def test_an_order_that_only_pays_a_difference_has_no_pieces_to_be_sold(db: Database) -> None:
    paid = order_paid(new_id(), [new_id()]).model_copy(update={"supplement_of": new_id()})
    with db.transaction() as tx:
        commit_paid_order(tx, paid, NOW)


def test_an_expired_and_retaken_reservation_can_still_be_cancelled(db: Database) -> None:
    [sku] = shelve(db, 5)
    view = set_aside(db, {sku: 2})
    expire_reservations(db, LATER, 100)
    tell_paid(db, view.reservation_id, sku)
    release(db, view.reservation_id)
    assert stock_of(db, sku) == 5
    assert movements_of(db, sku) == [
        ("count", 5),
        ("expire", 2),
        ("release", 2),
        ("reserve", -2),
        ("retake", -2),
    ]
    assert discrepancies(db) == []


def test_pieces_reserved_without_limit_do_not_come_back_as_counted_ones(db: Database) -> None:
    store_id, sku_id = new_id(), new_id()
    keeper = shopkeeper_of(store_id)
    put_item(
        db, item_command(store_id, [SkuSpec(sku_id=sku_id, price_fen=1, stock=None)]), keeper, NOW
    )
    view = set_aside(db, {sku_id: 4})
    set_stock(db, SetStock(request_id=new_id(), sku_id=sku_id, stock=10), keeper, NOW)
    release(db, view.reservation_id)
    assert stock_of(db, sku_id) == 10
    assert discrepancies(db) == []


def test_the_proof_finds_a_stock_that_was_changed_behind_its_back(db: Database) -> None:
    [sku] = shelve(db, 5)
    with db.transaction() as tx:
        tx.execute(SkuRow.__table__.update().where(SkuRow.sku_id == sku).values(stock=6))
    [found] = discrepancies(db)
    assert (found.what, found.sku_id, found.counted, found.moved) == ("stock", sku, 6, 5)
