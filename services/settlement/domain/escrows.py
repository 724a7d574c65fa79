"""What is held for one order resolves once."""

from enum import StrEnum

from services.contracts.settlement import AlreadyResolved, EscrowState


class EscrowAct(StrEnum):
    """How what is held may end."""

    RELEASE = "release"
    REFUND = "refund"


ESCROW_MOVES = {
    (EscrowState.HELD, EscrowAct.RELEASE): EscrowState.RELEASED,
    (EscrowState.HELD, EscrowAct.REFUND): EscrowState.REFUNDED,
}


def resolve(state: EscrowState, act: EscrowAct) -> EscrowState:
    """The state after `act`; AlreadyResolved, naming the state, when there is nothing held."""
    following = ESCROW_MOVES.get((state, act))
    if following is None:
        raise AlreadyResolved(f"{act} of an escrow that is {state}", fields={"state": state})
    return following
