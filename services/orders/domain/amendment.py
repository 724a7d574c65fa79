"""An amendment: its life in one table, when it can be made, and what it makes of an order.

proposed → accepted → (awaiting_payment →) done
         → refused, withdrawn, expired          accepted, awaiting_payment → failed
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from services.contracts.amendments import AmendmentState
from services.contracts.orders import (
    HandingOver,
    InTrouble,
    NotYourOrder,
    OrderLineView,
    OrderState,
    Party,
    Trouble,
    WrongState,
)
from services.orders.domain.amended_lines import pieces_of
from services.orders.domain.order import Order
from services.orders.domain.wording import summary_of


class AmendmentAct(StrEnum):
    """What somebody does to an amendment."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    ASK_MONEY = "ask_money"
    """The difference is to be paid."""
    FINISH = "finish"
    FAIL = "fail"


class AmendmentMove(NamedTuple):
    """Where an act leads, and on whose side one must stand to do it."""

    to: AmendmentState
    by: frozenset[Party]


_S, _A = AmendmentState, AmendmentAct


def _to(state: AmendmentState, *by: Party) -> AmendmentMove:
    return AmendmentMove(state, frozenset(by))


AMENDMENT_MOVES: dict[tuple[AmendmentState, AmendmentAct], AmendmentMove] = {
    (_S.PROPOSED, _A.ACCEPT): _to(_S.ACCEPTED, Party.RESIDENT),
    (_S.PROPOSED, _A.REFUSE): _to(_S.REFUSED, Party.RESIDENT),
    # A dispute that takes over withdraws it in nobody's name.
    (_S.PROPOSED, _A.WITHDRAW): _to(_S.WITHDRAWN, Party.MERCHANT, Party.SYSTEM),
    (_S.PROPOSED, _A.EXPIRE): _to(_S.EXPIRED, Party.SYSTEM),
    (_S.ACCEPTED, _A.ASK_MONEY): _to(_S.AWAITING_PAYMENT, Party.SYSTEM),
    (_S.ACCEPTED, _A.FINISH): _to(_S.DONE, Party.SYSTEM),
    (_S.AWAITING_PAYMENT, _A.FINISH): _to(_S.DONE, Party.SYSTEM),
    (_S.ACCEPTED, _A.FAIL): _to(_S.FAILED, Party.SYSTEM),
    (_S.AWAITING_PAYMENT, _A.FAIL): _to(_S.FAILED, Party.SYSTEM),
}

AMENDABLE = frozenset(
    {
        OrderState.AWAITING_CONFIRMATION,
        OrderState.PREPARING,
        OrderState.READY,
        OrderState.SCHEDULED,
    }
)
"""Paid, and nothing of it has left the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A change of an order as it stands. Its fields are the columns of `AmendmentRow`."""

    amendment_id: str
    order_id: str
    state: AmendmentState
    note: str
    proposed_at: datetime
    proposed_by: str
    proposed_by_id: str
    deadline_at: datetime | None
    before: list[Any]
    after: list[Any]
    before_fen: int
    after_fen: int
    category: str = ""
    deliver_after: datetime | None = None
    slot_from: datetime | None = None
    slot_until: datetime | None = None
    slot_capacity: int = 1
    payment_id: str | None = None
    supplement_id: str | None = None
    given_back: dict[str, int]
    over_at: datetime | None = None
    why_over: str = ""

    def may(self, act: AmendmentAct, party: Party) -> bool:
        """True when `party` may do `act` now."""
        found = AMENDMENT_MOVES.get((self.state, act))
        return found is not None and party in found.by

    def moved(self, act: AmendmentAct, party: Party, **facts: Any) -> "Amendment":
        """The amendment after an act; WrongState, naming its state, when it is not possible."""
        if not self.may(act, party):
            raise WrongState(
                f"{party} cannot {act} an amendment that is {self.state}",
                fields={"state": self.state.value, "act": act.value},
            )
        move = AMENDMENT_MOVES[self.state, act]
        return replace(self, **{"deadline_at": None, **facts, "state": move.to})

    def over(self, act: AmendmentAct, party: Party, why: str, now: datetime) -> "Amendment":
        """It ends, and `why` says how to people."""
        return self.moved(act, party, over_at=now, why_over=why)

    def with_given_back(self, parts: dict[str, int]) -> "Amendment":
        """So much goes back, of which order of the deal."""
        return replace(self, given_back=parts)

    def is_lapsed(self, now: datetime) -> bool:
        """True when nobody has answered in time."""
        late = self.deadline_at is not None and self.deadline_at <= now
        return self.state is _S.PROPOSED and late

    @property
    def lines_before(self) -> list[OrderLineView]:
        """The lines as they were."""
        return [OrderLineView.model_validate(line) for line in self.before]

    @property
    def lines_after(self) -> list[OrderLineView]:
        """The lines as they would be."""
        return [OrderLineView.model_validate(line) for line in self.after]

    @property
    def changes_lines(self) -> bool:
        """Goods or prices change."""
        return self.before != self.after

    @property
    def changes_pieces(self) -> bool:
        """Other pieces must be set aside."""
        return pieces_of(self.lines_before) != pieces_of(self.lines_after)

    @property
    def dearer_by_fen(self) -> int:
        """What is to be paid on top; below zero, what is to be given back."""
        return self.after_fen - self.before_fen


def check_amendable(order: Order) -> None:
    """WrongState, InTrouble or HandingOver when nothing can be changed about the order now."""
    if order.supplement_of:
        raise NotYourOrder("only a difference: change its order")
    if order.state not in AMENDABLE or order.sells_card or order.is_handed_over:
        raise WrongState("too late, or nothing to change", fields={"state": order.state.value})
    if order.trouble is not Trouble.NONE:
        raise InTrouble(f"amending waits: {order.trouble}", fields={"trouble": order.trouble.value})
    if order.asked_courier_id:
        raise HandingOver


def amendable(order: Order) -> bool:
    """The same as a word."""
    fits = order.state in AMENDABLE and order.trouble is Trouble.NONE
    its_own = not (order.supplement_of or order.sells_card)
    return fits and its_own and not order.is_handed_over and not order.asked_courier_id


def applied(order: Order, amendment: Amendment, reservation_id: str) -> Order:
    """The order as amended: one more revision of its lines where these change."""
    changes: dict[str, Any] = {}
    if amendment.changes_lines:
        after = amendment.lines_after
        changes |= {
            "revision": order.revision + 1,
            "agreed_fen": amendment.after_fen,
            "summary": summary_of([(x.item_name, x.sku_name, x.quantity) for x in after]),
            "sku_ids": [line.sku_id for line in after],
            "picture": next((line.picture for line in after if line.picture), ""),
        }
    if amendment.changes_pieces:
        changes["reservation_id"] = reservation_id
    if amendment.slot_from:
        changes |= {"slot_from": amendment.slot_from, "slot_until": amendment.slot_until}
    if amendment.deliver_after:
        changes["deliver_after"] = amendment.deliver_after
    if amendment.slot_from or amendment.deliver_after:
        changes["late"] = False  # for the time that was agreed now
    return replace(order, **changes).noted()


def parts_back(
    amount_fen: int, deal: Sequence[Order], earlier: Mapping[str, int]
) -> dict[str, int]:
    """From which order of the deal how much goes back: the youngest supplement first.

    So the main order, which may not be empty while it goes on, keeps what is left. `earlier` is
    what amendments before this one, and cases, have given back, arrived or not.
    """
    parts: dict[str, int] = {}
    for order in reversed(deal):
        gone_fen = max(order.refunded_fen, earlier.get(order.order_id, 0))
        part_fen = min(amount_fen, max(order.amount_fen - gone_fen, 0))
        if part_fen and order.paid_at and order.cancelled_at is None:
            parts[order.order_id] = part_fen
            amount_fen -= part_fen
    return parts
