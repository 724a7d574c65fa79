"""A fee system that is fed by files: bills are imported, what was paid is exported.

Nobody is there to say no, so each payment is accepted at once; the accountant carries the list of
payments (`fee_payments`) over to where the bills came from.
"""

from services.settlement.domain.fee_system import BillPage, BillSaid, PaymentTold, ReversalTold


class FeesByFile:
    """Takes every payment, and has no news of its own."""

    name = "files"

    def bills_since(self, cursor: str) -> BillPage:
        """Nothing: bills come by import."""
        return BillPage([], cursor)

    def tell_payment(self, told: PaymentTold) -> None:
        """Accepted."""

    def tell_reversal(self, told: ReversalTold) -> BillSaid | None:
        """Undone; the bill is open again."""
        return None
