"""The rules of the shelf, without a database."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.domain.reservation import MOVES, SET_ASIDE, Act, Line, State
from services.catalog.domain.shelf import Offer, refusal, shortage, wanted_pieces
from services.contracts.catalog import (
    ItemKind,
    NoSuchItem,
    OffShelf,
    OutOfStock,
    ReservationOver,
    ReserveLine,
)
from services.kernel.ids import new_id


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
