"""Money: whole fen, and splits that lose none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel import money

weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(lambda w: sum(w) > 0)
amounts = st.integers(-money.FEN_MAX, money.FEN_MAX)


@given(amounts, weights)
def test_the_parts_of_a_split_sum_to_the_whole(total: int, shares: list[int]) -> None:
    assert sum(money.split(total, shares)) == total


@given(amounts, weights)
def test_no_part_is_a_fen_or_more_off_its_exact_share(total: int, shares: list[int]) -> None:
    whole = sum(shares)
    for part, share in zip(money.split(total, shares), shares, strict=True):
        assert abs(part * whole - total * share) < whole


@given(amounts, weights)
def test_a_weight_of_nothing_gets_nothing(total: int, shares: list[int]) -> None:
    for part, share in zip(money.split(total, shares), shares, strict=True):
        assert share or part == 0


@pytest.mark.parametrize("bad", [[], [0], [-1, 2], [1.0]])
def test_a_split_by_nonsense_is_an_error(bad: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        money.split(100, bad)


@pytest.mark.parametrize("bad", [1.0, "1", None, True, 10.5])
def test_no_float_and_no_look_alike_gets_in(bad: object) -> None:
    with pytest.raises(TypeError):
        money.exact(bad)  # type: ignore[arg-type]


def test_an_amount_beyond_the_limit_is_an_error() -> None:
    with pytest.raises(ValueError, match="limit"):
        money.exact(money.FEN_MAX + 1)


@given(amounts)
def test_yuan_and_back_is_the_same_amount(amount: int) -> None:
    assert money.from_yuan(money.as_yuan(amount)) == amount


@pytest.mark.parametrize(
    ("text", "fen"), [("12.34", 1234), ("¥0.05", 5), ("-3", -300), ("1,234.5", 123450)]
)
def test_what_people_write_is_read(text: str, fen: int) -> None:
    assert money.from_yuan(text) == fen


@pytest.mark.parametrize("text", ["", "1.234", "1e3", "abc", "--1", "1.-2", "½", "٣"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="yuan"):
        money.from_yuan(text)
