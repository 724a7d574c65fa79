"""What settlement wants of a channel that freezes a shop's money and shares it (分账).

The shop's own sub-merchant receives, the channel freezes. When the deal is done the commission
goes to the property's merchant number and the rest is unfrozen for the shop; before a late refund
the commission comes back first. Every request is taken now and done later: `query` tells.

The calls go over the network: never inside a transaction. They raise Unavailable when it is not
known what became of the call, and ChannelRefused when the channel said no. The same number again
is the same request.
Rules: WeChat Pay partner documents 「分账」 「产品介绍」 and 「常见问题」.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

NOT_BEFORE = timedelta(seconds=30)
"""None in the first 30 seconds after the payment."""
NOT_AFTER = timedelta(days=180)
"""What is frozen is the shop's after that, by itself; commission comes back no later."""
RATE_MAX_BP = 3000
"""30 % of the payment at most, unless the contract says otherwise."""


class ShareState(StrEnum):
    """A share, an unfreezing or a return as the channel sees it."""

    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    """It ended without money moving, `Share.note` says why; another try needs another number."""
    UNKNOWN = "unknown"
    """The channel has never heard of it."""


@dataclass(frozen=True, slots=True)
class ShareAsk:
    """The commission of one payment to the property; nothing stays frozen after it."""

    out_order_no: str
    transaction_id: str
    sub_merchant: str
    commission_fen: int
    """Zero: nothing is shared, everything is unfrozen."""
    note: str


@dataclass(frozen=True, slots=True)
class ShareRef:
    """A share or an unfreezing that we asked for earlier."""

    out_order_no: str
    transaction_id: str
    sub_merchant: str


@dataclass(frozen=True, slots=True)
class Share:
    """What the channel knows of it."""

    out_order_no: str
    state: ShareState
    shared_fen: int = 0
    """What has arrived at the property."""
    note: str = ""
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReturnAsk:
    """Shared commission on its way back to the shop's sub-merchant, before a refund."""

    out_return_no: str
    share: ShareRef
    amount_fen: int
    note: str


@dataclass(frozen=True, slots=True)
class ShareReturn:
    """What the channel knows of a return."""

    out_return_no: str
    state: ShareState
    amount_fen: int = 0
    note: str = ""
    done_at: datetime | None = None


class SharingChannel(Protocol):
    """One channel that freezes and shares under one partner number."""

    def add_receiver(self, sub_merchant: str) -> None:
        """Name the property a receiver of this shop's shares; again is harmless."""

    def share(self, ask: ShareAsk) -> Share:
        """Ask for the commission, and for the rest to be unfrozen; names us a receiver first.

        Unavailable within the first 30 seconds after the payment: it is only too early.
        """

    def query_share(self, share: ShareRef) -> Share:
        """The share or the unfreezing as it stands now."""

    def frozen_fen(self, transaction_id: str) -> int:
        """What of a payment is still frozen and unshared."""

    def return_commission(self, ask: ReturnAsk) -> ShareReturn:
        """Ask for commission to go back to the shop's sub-merchant."""

    def query_return(self, ask: ReturnAsk) -> ShareReturn:
        """The return as it stands now."""
