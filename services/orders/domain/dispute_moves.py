"""The life of a dispute in one table: from where, by which act, to where, by whom, and what the
clock does.

    freezing → negotiating → waiting → mediating → ruled → executing → closed
    freezing → withdrawn                     there was nothing left to freeze
    negotiating, waiting, mediating → executing      the two agreed on a split
    negotiating, waiting, mediating → thawing → withdrawn      whoever opened it lets it be
    mediating, ruled → appealed → executing          a manager has the last word
"""

from enum import StrEnum
from typing import NamedTuple

from services.contracts.disputes import DisputeState
from services.contracts.orders import Party


class DisputeAct(StrEnum):
    """What somebody does in a dispute."""

    FREEZE = "freeze"
    """Settlement has frozen the money."""
    FIND_NOTHING = "find_nothing"
    """Settlement had nothing to freeze."""
    PROPOSE = "propose_split"
    ACCEPT = "accept_split"
    CALL = "call_mediator"
    WITHDRAW = "withdraw_dispute"
    THAW = "thaw"
    TAKE = "take_dispute"
    ASK = "ask_party"
    RULE = "rule_dispute"
    PASS_ON = "pass_to_manager"  # noqa: S105 - hands it to another person
    CONTENT = "accept_ruling"
    APPEAL = "appeal_ruling"
    DECIDE = "decide_appeal"
    CARRY_OUT = "carry_out"
    """Nobody has appealed in time."""
    CLOSE = "close"
    """Settlement has split the money."""
    FAIL = "fail"
    """Settlement could not split it that way: a person must decide again."""


class Move(NamedTuple):
    """Where an act leads, and on whose side one must stand to do it."""

    to: DisputeState
    by: frozenset[Party]


S, A = DisputeState, DisputeAct
TWO_SIDES = (Party.RESIDENT, Party.MERCHANT)
_STAFF, _SYSTEM = Party.STAFF, Party.SYSTEM


def _to(state: DisputeState, *by: Party) -> Move:
    return Move(state, frozenset(by))


MOVES: dict[tuple[DisputeState, DisputeAct], Move] = {
    (S.FREEZING, A.FREEZE): _to(S.NEGOTIATING, _SYSTEM),
    (S.FREEZING, A.FIND_NOTHING): _to(S.WITHDRAWN, _SYSTEM),
    # The two may agree, and whoever opened it may let it be, until somebody has ruled.
    (S.NEGOTIATING, A.PROPOSE): _to(S.NEGOTIATING, *TWO_SIDES),
    (S.WAITING, A.PROPOSE): _to(S.WAITING, *TWO_SIDES),
    (S.MEDIATING, A.PROPOSE): _to(S.MEDIATING, *TWO_SIDES),
    (S.NEGOTIATING, A.ACCEPT): _to(S.EXECUTING, *TWO_SIDES),
    (S.WAITING, A.ACCEPT): _to(S.EXECUTING, *TWO_SIDES),
    (S.MEDIATING, A.ACCEPT): _to(S.EXECUTING, *TWO_SIDES),
    (S.NEGOTIATING, A.WITHDRAW): _to(S.THAWING, *TWO_SIDES),
    (S.WAITING, A.WITHDRAW): _to(S.THAWING, *TWO_SIDES),
    (S.MEDIATING, A.WITHDRAW): _to(S.THAWING, *TWO_SIDES),
    (S.THAWING, A.THAW): _to(S.WITHDRAWN, _SYSTEM),
    (S.NEGOTIATING, A.CALL): _to(S.WAITING, *TWO_SIDES, _SYSTEM),
    (S.WAITING, A.TAKE): _to(S.MEDIATING, _STAFF),
    (S.MEDIATING, A.TAKE): _to(S.MEDIATING, _STAFF),
    (S.MEDIATING, A.ASK): _to(S.MEDIATING, _STAFF),
    (S.APPEALED, A.ASK): _to(S.APPEALED, _STAFF),
    (S.MEDIATING, A.RULE): _to(S.RULED, _STAFF),
    (S.MEDIATING, A.PASS_ON): _to(S.APPEALED, _STAFF),
    (S.RULED, A.CONTENT): _to(S.RULED, *TWO_SIDES),  # with the second of the two: CARRY_OUT
    (S.RULED, A.APPEAL): _to(S.APPEALED, *TWO_SIDES),
    (S.RULED, A.CARRY_OUT): _to(S.EXECUTING, _SYSTEM),
    (S.APPEALED, A.DECIDE): _to(S.EXECUTING, _STAFF),
    (S.EXECUTING, A.CLOSE): _to(S.CLOSED, _SYSTEM),
    (S.EXECUTING, A.FAIL): _to(S.WAITING, _SYSTEM),
}

OPEN = frozenset(DisputeState) - {S.CLOSED, S.WITHDRAWN}
"""The money is frozen, or moving."""


class Limit(NamedTuple):
    """`setting` names the seconds a state may last; then the clock does `then`."""

    setting: str
    then: DisputeAct


LIMITS: dict[DisputeState, Limit] = {
    S.NEGOTIATING: Limit("negotiate_for_s", A.CALL),
    S.RULED: Limit("appeal_within_s", A.CARRY_OUT),
}
"""States that are not here wait for staff, who see their age in the queue, or for settlement."""


class Ended(StrEnum):
    """How a dispute came to its end."""

    AGREED = "agreed"
    RULED = "ruled"
    DECIDED = "decided"
    """By a manager."""
    LET_BE = "let_be"
    NOTHING_LEFT = "nothing_left"
