"""The chain of a timeline: any rewriting of the past shows, and where."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.orders.domain.record import START, Entry, Linked, broken_at, link

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
TEXT = st.text(max_size=5)
SAID = st.tuples(TEXT, TEXT, st.none() | TEXT, TEXT, TEXT, TEXT, st.integers(0, 10**9))


def entries(said: Sequence[tuple[str, str, str | None, str, str, str, int]]) -> list[Entry]:
    return [
        Entry(
            "ORDER", seq, NOW + timedelta(microseconds=at), step, party, actor, name, note, client
        )
        for seq, (step, party, actor, name, note, client, at) in enumerate(said, 1)
    ]


def chained(written: Sequence[Entry]) -> list[Linked]:
    chain, before = [], START
    for entry in written:
        before = link(before, entry)
        chain.append(Linked(entry, before))
    return chain


CHAINS = st.lists(SAID, min_size=1, max_size=6).map(entries).map(chained)


@given(CHAINS)
def test_what_was_never_touched_is_whole(chain: list[Linked]) -> None:
    assert broken_at(chain, chain[-1].hash, len(chain)) is None


def other(field: str, value: object) -> object:
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, int):
        return value + 1
    return "x" if value is None else f"{value}x"


@given(CHAINS, st.data())
def test_any_changed_field_shows_at_its_entry(chain: list[Linked], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    field = data.draw(st.sampled_from(Entry._fields))
    entry = chain[at].entry
    forged = entry._replace(**{field: other(field, getattr(entry, field))})
    rewritten = [*chain[:at], Linked(forged, chain[at].hash), *chain[at + 1 :]]
    assert broken_at(rewritten, chain[-1].hash, len(chain)) == at + 1


@given(CHAINS, st.data())
def test_a_rewritten_entry_shows_even_with_a_hash_of_its_own(
    chain: list[Linked], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    forged = chain[at].entry._replace(note=chain[at].entry.note + "x")
    before = chain[at - 1].hash if at else START
    rewritten = [*chain[:at], Linked(forged, link(before, forged)), *chain[at + 1 :]]
    assert broken_at(rewritten, chain[-1].hash, len(chain)) == min(at + 2, len(chain))


@given(CHAINS, st.data())
def test_a_whole_chain_forged_from_somewhere_on_shows_at_the_orders_end(
    chain: list[Linked], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    written = [kept.entry for kept in chain]
    written[at] = written[at]._replace(note=written[at].note + "x")
    assert broken_at(chained(written), chain[-1].hash, len(chain)) == len(chain)


@given(CHAINS, st.data())
def test_an_entry_left_out_shows(chain: list[Linked], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    shorter = [*chain[:at], *chain[at + 1 :]]
    assert broken_at(shorter, chain[-1].hash, len(chain)) is not None
    if shorter:  # with the end of the order rewritten too, its version tells
        assert broken_at(shorter, shorter[-1].hash, len(chain)) is not None


@given(CHAINS, SAID, st.data())
def test_an_entry_put_in_shows(
    chain: list[Linked],
    said: tuple[str, str, str | None, str, str, str, int],
    data: st.DataObject,
) -> None:
    at = data.draw(st.integers(0, len(chain)))
    (more,) = entries([said])
    more = more._replace(seq=at + 1)
    before = chain[at - 1].hash if at else START
    longer = [*chain[:at], Linked(more, link(before, more)), *chain[at:]]
    assert broken_at(longer, chain[-1].hash, len(chain)) is not None


@given(CHAINS, st.randoms(use_true_random=False))
def test_another_order_of_entries_shows(chain: list[Linked], random: object) -> None:
    shuffled = list(chain)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assume(shuffled != chain)
    assert broken_at(shuffled, chain[-1].hash, len(chain)) is not None


@given(CHAINS)
def test_another_end_or_version_of_the_order_shows(chain: list[Linked]) -> None:
    end, version = chain[-1].hash, len(chain)
    assert broken_at(chain, START, version) is not None
    assert broken_at(chain, link(end, chain[-1].entry), version) is not None
    assert broken_at(chain, end, version + 1) == version + 1
    assert broken_at(chain, end, version - 1) is not None


def test_words_cannot_move_from_one_field_into_the_next() -> None:
    (first,) = entries([("paid", "system", None, "", "ab", "", 0)])
    moved = first._replace(note="a", client="b")
    empty = first._replace(actor_id="")
    assert len({link(START, one) for one in (first, moved, empty)}) == 3


@pytest.mark.parametrize("hours", [0, 8, -5])
def test_the_same_moment_in_another_clock_is_the_same_entry(hours: int) -> None:
    (entry,) = entries([("paid", "system", None, "", "", "", 5)])
    elsewhere = entry._replace(at=entry.at.astimezone(timezone(timedelta(hours=hours))))
    assert link(START, entry) == link(START, elsewhere)


def test_no_entries_are_whole_for_no_version_only() -> None:
    assert broken_at([], START, 0) is None
    assert broken_at([], START, 1) == 1
