"""Settlement's tables, room by room."""

from services.settlement.tables_held import EscrowRow, RefundRow
from services.settlement.tables_ledger import (
    AccountRow,
    CheckpointRow,
    EntryRow,
    HoldRow,
    Row,
    TransferRow,
)
from services.settlement.tables_payments import (
    AllocationRow,
    ChannelOrderRow,
    NoticeRow,
    PaymentRow,
)

__all__ = [
    "AccountRow",
    "AllocationRow",
    "ChannelOrderRow",
    "CheckpointRow",
    "EntryRow",
    "EscrowRow",
    "HoldRow",
    "NoticeRow",
    "PaymentRow",
    "RefundRow",
    "Row",
    "TransferRow",
]

# the other rooms of settlement have their tables in files of their own
from services.settlement import (  # noqa: F401
    tables_cards,
    tables_desk,
    tables_fees,
    tables_reconciliation,
    tables_sharing,
    tables_withdrawals,
)
