"""Property fee bills and the acts of paying them: their states and legal moves."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from services.contracts.fees import FeeBillState, FeePaymentState
from services.settlement.domain.fee_system import Standing


class BillAct(StrEnum):
    """What can happen to a bill here."""

    BEGIN = "begin"
    """A payment for it is opened."""
    DROP = "drop"
    """That payment closed without money."""
    RECEIVE = "receive"
    """That payment's money is here."""
    TAKE = "take"
    """Its money is here at once: from a fund, or at the desk."""
    ACCEPT = "accept"
    REFUSE = "refuse"
    REVERSE = "reverse"


BILL_MOVES = {
    (FeeBillState.OPEN, BillAct.BEGIN): FeeBillState.PAYING,
    (FeeBillState.PAYING, BillAct.DROP): FeeBillState.OPEN,
    (FeeBillState.PAYING, BillAct.RECEIVE): FeeBillState.TOLD,
    (FeeBillState.OPEN, BillAct.TAKE): FeeBillState.TOLD,
    (FeeBillState.TOLD, BillAct.ACCEPT): FeeBillState.CLOSED,
    (FeeBillState.TOLD, BillAct.REFUSE): FeeBillState.OPEN,
    (FeeBillState.CLOSED, BillAct.REVERSE): FeeBillState.OPEN,
}
"""A bill that comes to be open again then follows what the fee system has said meanwhile."""


class PaymentAct(StrEnum):
    """What can happen to an act of paying a bill."""

    RECEIVE = "receive"
    DROP = "drop"
    ACCEPT = "accept"
    REFUSE = "refuse"
    ASK_REVERSAL = "ask_reversal"
    REVERSE = "reverse"
    KEEP = "keep"
    """The fee system will not undo it."""


FEE_PAYMENT_MOVES = {
    (FeePaymentState.WAITING, PaymentAct.RECEIVE): FeePaymentState.TELLING,
    (FeePaymentState.WAITING, PaymentAct.DROP): FeePaymentState.DROPPED,
    (FeePaymentState.TELLING, PaymentAct.ACCEPT): FeePaymentState.ACCEPTED,
    (FeePaymentState.TELLING, PaymentAct.REFUSE): FeePaymentState.REFUSED,
    (FeePaymentState.ACCEPTED, PaymentAct.ASK_REVERSAL): FeePaymentState.REVERSING,
    (FeePaymentState.REVERSING, PaymentAct.REVERSE): FeePaymentState.REVERSED,
    (FeePaymentState.REVERSING, PaymentAct.KEEP): FeePaymentState.ACCEPTED,
}

HELD = (FeePaymentState.TELLING, FeePaymentState.ACCEPTED, FeePaymentState.REVERSING)
"""The money is income of the community."""
UNDONE = (FeePaymentState.REFUSED, FeePaymentState.REVERSED)
"""It was, and is on the payer's fund now."""
TO_TELL = (FeePaymentState.TELLING, FeePaymentState.REVERSING)
"""The fee system has something to hear."""

OVER = (FeeBillState.CLOSED, FeeBillState.WITHDRAWN)
_FOLLOWS = {
    Standing.OPEN: FeeBillState.OPEN,
    Standing.PAID: FeeBillState.CLOSED,
    Standing.WITHDRAWN: FeeBillState.WITHDRAWN,
}


def busy(state: FeeBillState) -> bool:
    """Somebody's money is on its way for it: what the fee system says of it has to wait."""
    return state in (FeeBillState.PAYING, FeeBillState.TOLD)


def followed(standing: Standing) -> FeeBillState:
    """The state of a bill for which nobody pays or has paid here."""
    return _FOLLOWS[standing]


_NEWEST_FIRST_FROM = 4_000_000
"""Beyond every day's ordinal (9999-12-31 is 3,652,059)."""


def place_of(state: FeeBillState, due_day: date) -> int:
    """Where it stands in a list: to be paid, the oldest first; then the others, newest first."""
    ordinal = due_day.toordinal()
    return 2 * _NEWEST_FIRST_FROM - ordinal if state in OVER else ordinal


def subject_of(periods: Sequence[str]) -> str:
    """What the payer's bill says: 物业费 2026-02、2026-03."""
    shown = list(dict.fromkeys(periods))
    more = f"等{len(shown)}期" if len(shown) > 3 else ""
    return f"物业费 {'、'.join(shown[:3])}{more}"[:60]


def receipt_number(year: int, number: int) -> str:
    """`WY2026-000001`: without gaps within a community and a Beijing year."""
    return f"WY{year}-{number:06d}"
