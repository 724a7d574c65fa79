"""Put one set of pieces in the place of others: what an amended order has aside from now on."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from services.catalog import locks, queries, reserved
from services.catalog.domain.reservation import Act, State
from services.catalog.domain.shelf import (
    CountedStock,
    Offer,
    Reason,
    not_for_sale,
    wanted_pieces,
)
from services.catalog.domain.swap import Given, Swap, agreed_lines, given_up
from services.catalog.stock import Movement, make_movements
from services.catalog.use_cases.release_reservation import set_lines
from services.contracts.catalog import ReservedLine, ReservedView, SwapReservation
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken, Malformed
from services.kernel.requests import RequestConflict


def swap_reservation(db: Database, command: SwapReservation, now: datetime) -> ReservedView:
    """Give the pieces of `from_ids` up for `lines`, which are sold at once, all or nothing.

    The same reservation_id gives the first answer again, whatever became of its pieces since. A SKU
    that was aside keeps its price and may be off the shelf; each stock changes by the difference.
    """
    _check_ids(command)
    wanted = wanted_pieces(command.lines)
    with db.transaction() as tx:
        # The same swap at the same moment waits here for the first one's commit.
        lines = locks.given_for_update(tx, command.from_ids)
        kept = queries.reserved_lines(tx, command.reservation_id)
        answers = {sku_id: line for sku_id, (line, _) in kept.items()}
        if answers:
            reserved.need_same_wish(command.reservation_id, answers, wanted)
        else:
            answers = _swap(tx, command, wanted, lines, now)
        return reserved.answer(command.reservation_id, command.lines, answers)


def _check_ids(command: SwapReservation) -> None:
    named = {*command.from_ids, command.reservation_id}
    if len(named) <= len(command.from_ids):
        raise Malformed(fields={"from_ids": "one is named twice"})


def _swap(
    tx: Tx,
    command: SwapReservation,
    wanted: Mapping[str, int],
    lines: list[Given],
    now: datetime,
) -> dict[str, ReservedLine]:
    offers = queries.offers(tx, wanted)
    given = given_up(lines, command.from_ids, command.sku_ids, _store_of(wanted, offers))
    agreed = agreed_lines(given, wanted)
    if refused := not_for_sale(wanted.keys() - agreed.keys(), offers):
        raise refused
    agreed |= {
        sku_id: reserved.line_of(offers[sku_id], n)
        for sku_id, n in wanted.items()
        if sku_id not in agreed
    }
    _exchange(tx, command, Swap(given, wanted), agreed, now)
    return agreed


def _store_of(wanted: Mapping[str, int], offers: Mapping[str, Offer]) -> str:
    """The store that all lines are of; NoSuchItem for unknown ones, Malformed for a second one."""
    unknown = not_for_sale(wanted.keys() - offers.keys(), offers)
    if unknown:
        raise unknown
    stores = {offer.store_id for offer in offers.values()}
    if len(stores) > 1:
        raise Malformed(fields={"lines": "of more than one store"})
    return stores.pop()


def _exchange(
    tx: Tx,
    command: SwapReservation,
    swap: Swap,
    lines: Mapping[str, ReservedLine],
    now: datetime,
) -> None:
    stock = locks.stock_for_update(tx, {line.line.sku_id for line in swap.given} | lines.keys())
    if refused := swap.refusal(stock):
        raise refused
    for from_id in command.from_ids:
        up = [given.line for given in swap.given if given.reservation_id == from_id]
        set_lines(tx, from_id, up, State.RELEASED, now)
    counted = {sku_id for sku_id in lines if not stock[sku_id].unlimited}
    if not reserved.keep_lines(
        tx,
        command.reservation_id,
        lines,
        counted=counted,
        state=State.COMMITTED,
        hold_until=now,
        now=now,
    ):
        raise RequestConflict(f"reservation {command.reservation_id} came up meanwhile")
    if not make_movements(tx, _movements(command.reservation_id, swap, stock), now):
        raise InvariantBroken(f"the locked stock of swap {command.reservation_id} has changed")


def _movements(
    reservation_id: str, swap: Swap, stock: Mapping[str, CountedStock]
) -> Iterator[Movement]:
    for given in swap.given:
        back = given.line.stock_delta(Act.RELEASE)
        yield Movement(given.line.sku_id, back, Reason.RELEASE, given.reservation_id)
    for sku_id in swap.wanted:
        carried = swap.carried(sku_id, stock[sku_id])
        yield Movement(sku_id, carried, Reason.COUNT, reservation_id)
        taken = swap.taken(sku_id, stock[sku_id])
        yield Movement(sku_id, -taken, Reason.RESERVE, reservation_id)
