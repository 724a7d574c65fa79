"""What settlement wants of a channel that pays money out to a person.

The calls go over the network: never inside a transaction. They raise Unavailable when it is not
known what became of the call, and ChannelRefused when the channel said no. A call that was
Unavailable is simply made again: the same number is the same transfer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class PayoutState(StrEnum):
    """A transfer as the channel sees it."""

    PROCESSING = "processing"
    """The channel has it; the end is not known."""
    AWAITING_PAYEE = "awaiting_payee"
    """The payee has to confirm on the phone, within `CONFIRM_WITHIN`."""
    DONE = "done"
    FAILED = "failed"
    """Nothing was paid; `Payout.expired` tells the payee's silence from other reasons."""
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The channel has never heard of it."""


FINAL = frozenset({PayoutState.DONE, PayoutState.FAILED, PayoutState.CANCELLED})
"""States that nothing follows."""

CONFIRM_WITHIN = timedelta(hours=24)
"""After that the channel gives the money back by itself (document 「商家转账」)."""


@dataclass(frozen=True, slots=True)
class PayoutAsk:
    """A transfer to be asked for; the same `out_bill_no` again must carry the same values."""

    out_bill_no: str
    """1 to 32 letters and digits: a ULID fits."""
    openid: str
    amount_fen: int
    remark: str
    """What the payee reads; cut to the channel's length."""
    payee_name: str = ""
    """The payee's real name, which the channel compares: needed from `NAME_NEEDED_FROM_FEN`."""


NAME_NEEDED_FROM_FEN = 200_000
"""WeChat Pay wants the payee's real name from 2,000 yuan on (document 「发起转账」)."""


@dataclass(frozen=True, slots=True)
class Payout:
    """What the channel knows of a transfer."""

    out_bill_no: str
    state: PayoutState
    amount_fen: int | None = None
    """Not told in every answer."""
    package_info: str = ""
    """What the payee's page hands to `requestMerchantTransfer`; only in the first answer and its
    repeats, while the payee is waited for."""
    transfer_bill_no: str = ""
    """The channel's own number."""
    fail_reason: str = ""
    """The channel's code, `OVERDUE_CLOSE` for example."""
    expired: bool = False
    """FAILED because the payee did not confirm in time."""
    updated_at: datetime | None = None


class PayoutChannel(Protocol):
    """One channel that pays out of our merchant number."""

    @property
    def merchant_number(self) -> str:
        """Our number there: the page's `mchId`."""

    @property
    def app_id(self) -> str:
        """Whose users get money: the page's `appId`."""

    def transfer(self, ask: PayoutAsk) -> Payout:
        """Ask for a transfer; the same number again is the same transfer."""

    def query(self, out_bill_no: str) -> Payout:
        """The transfer as it stands now; UNKNOWN when there is none."""

    def cancel(self, out_bill_no: str) -> Payout:
        """Take back what the payee has not confirmed: PROCESSING until it is CANCELLED.

        ChannelRefused when it is too late for that; `query` says how it ended.
        """
