"""A store's score: few votes swing it little, many say what they say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.orders.domain.review import author_of, score_hundredths
from services.orders.precedents import terms_of


@pytest.mark.parametrize(
    ("by_stars", "score"),
    [
        ([0, 0, 0, 0, 0], 400),
        ([0, 0, 0, 0, 1], 409),
        ([1, 0, 0, 0, 0], 373),
        ([0, 0, 0, 10, 0], 400),
        ([0, 0, 0, 0, 990], 499),
        ([990, 0, 0, 0, 0], 103),
        ([0, 0, 1, 0, 0], 391),
    ],
)
def test_ten_imagined_votes_of_four_stand_beside_the_real_ones(
    by_stars: list[int], score: int
) -> None:
    assert score_hundredths(by_stars) == score


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(st.integers(0, 10_000), min_size=5, max_size=5), st.integers(0, 4))
def test_a_vote_moves_the_score_towards_itself_and_never_far(
    by_stars: list[int], index: int
) -> None:
    before = score_hundredths(by_stars)
    after = score_hundredths([n + (i == index) for i, n in enumerate(by_stars)])
    assert 100 <= after <= 500
    assert abs(after - before) <= 28
    vote = (index + 1) * 100
    assert abs(vote - after) <= abs(vote - before)


def test_an_author_is_masked_or_has_no_name() -> None:
    assert author_of("张伟", anonymous=False) == "张**"
    assert author_of("张伟", anonymous=True) == "匿名邻居"
    assert author_of("", anonymous=False) == "匿名邻居"


def test_a_text_is_cut_into_pairs_of_characters_and_words() -> None:
    assert terms_of(["包装破损, iPhone 15"], 10) == ["包装", "装破", "破损", "iphone", "15"]
    assert terms_of(["汤", "汤"], 10) == ["汤"]
    assert terms_of(["一二三四五六"], 2) == ["一二", "二三"]
    assert terms_of(["！？…"], 9) == []
