"""The rules of the shelf, without a database."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.domain.reservation import MOVES, SET_ASIDE, Act, Line, State
from services.catalog.domain.shelf import (
    CountedStock,
    Offer,
    refusal,
    shortage,
    wanted_pieces,
)
from services.catalog.domain.swap import Given, Swap, given_up
from services.catalog.reserved import line_of
from services.contracts.catalog import (
    ItemKind,
    NoSuchItem,
    OffShelf,
    OutOfStock,
    ReservationOver,
    ReserveLine,
)
from services.kernel.ids import new_id

SKU = new_id()


def line(state: State, counted: bool = True, quantity: int = 3) -> Line:
    return Line(new_id(), quantity, state, counted)


def offer(sku_id: str, stock: int | None = 5, on_shelf: bool = True) -> Offer:
    return Offer(
        sku_id=sku_id,
        item_id=new_id(),
        store_id=new_id(),
        item_name="豆浆",
        sku_name="大杯",
        kind=ItemKind.GOODS,
        category="早餐",
        picture="",
        price_fen=300,
        stock=stock,
        on_shelf=on_shelf,
    )


@pytest.mark.parametrize(("state", "act"), list(product(State, Act)))
def test_every_pair_of_state_and_act_is_a_move_or_an_error(state: State, act: Act) -> None:
    if (state, act) in MOVES:
        assert line(state).after(act) == MOVES[state, act]
    else:
        with pytest.raises(ReservationOver):
            line(state).after(act)


def test_released_is_the_end() -> None:
    ends = {target for (state, _), target in MOVES.items() if state == State.RELEASED}
    assert ends == {State.RELEASED}


@given(st.lists(st.sampled_from(Act), max_size=12))
def test_whatever_happens_the_pieces_off_the_shelf_are_those_of_the_state(acts: list[Act]) -> None:
    now, off_shelf = line(State.HELD), 3
    for act in acts:
        if (now.state, act) in MOVES:
            off_shelf -= now.stock_delta(act)
            now = line(now.after(act))
        assert off_shelf == (3 if now.state in SET_ASIDE else 0)


def test_uncounted_pieces_never_move_stock() -> None:
    for state, act in MOVES:
        assert line(state, counted=False).stock_delta(act) == 0


def test_wanted_pieces_are_summed_by_sku_in_sku_order() -> None:
    low, high = sorted((new_id(), new_id()))
    asked = [(high, 1), (low, 2), (high, 4)]
    lines = [ReserveLine(sku_id=sku_id, quantity=n) for sku_id, n in asked]
    assert list(wanted_pieces(lines).items()) == [(low, 2), (high, 5)]


def test_unknown_comes_before_off_the_shelf_before_too_few() -> None:
    here, hidden, unknown = new_id(), new_id(), new_id()
    offers = {here: offer(here, stock=1), hidden: offer(hidden, on_shelf=False)}
    assert isinstance(refusal({here: 2, hidden: 1, unknown: 1}, offers), NoSuchItem)
    assert isinstance(refusal({here: 2, hidden: 1}, offers), OffShelf)
    assert isinstance(refusal({here: 2}, offers), OutOfStock)
    assert refusal({here: 1}, offers) is None


def test_a_shortage_names_what_is_left_and_unlimited_is_never_short() -> None:
    assert shortage({"A": 2, "B": 9, "C": 3}, {"A": 1, "B": None, "C": 3}) == {"A": "1"}


def given_line(sku_id: str, state: State, quantity: int, counted: bool) -> Given:
    agreed = line_of(offer(sku_id), quantity)
    return Given("R", agreed, Line(sku_id, quantity, state, counted))


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from([State.HELD, State.COMMITTED, State.EXPIRED]),
            st.integers(1, 9),
            st.booleans(),
        ),
        min_size=1,
        max_size=2,
    ),
    wanted=st.integers(0, 20),
    pieces=st.integers(0, 9),
    unlimited=st.booleans(),
)
def test_a_swap_is_refused_exactly_when_the_shelf_would_fall_below_zero(
    lines: list[tuple[State, int, bool]], wanted: int, pieces: int, unlimited: bool
) -> None:
    swap = Swap([given_line(SKU, *line) for line in lines], {SKU: wanted} if wanted else {})
    shelf = CountedStock(pieces, unlimited)
    left = pieces + swap.back(SKU) + swap.carried(SKU, shelf) - swap.taken(SKU, shelf)
    refused = swap.refusal({SKU: shelf})
    assert (refused is not None) == (left < 0)
    if refused:
        over = any(state is State.EXPIRED for state, _, _ in lines)
        assert isinstance(refused, ReservationOver if over else OutOfStock)


def test_nobody_gives_up_a_line_of_another_store_or_one_that_is_back_already() -> None:
    mine, back = (given_line(new_id(), s, 1, True) for s in (State.COMMITTED, State.RELEASED))
    assert given_up([mine, back], ["R"], [], mine.agreed.store_id) == [mine]
    with pytest.raises(ReservationOver):
        given_up([mine, back], ["R"], [], back.agreed.store_id)
    with pytest.raises(ReservationOver):
        given_up([mine], ["R", "S"], [], mine.agreed.store_id)
