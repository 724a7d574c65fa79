"""The cashier's day: money at the desk, deposits, and refunds that need a hand."""

from sqlalchemy import select

from services.contracts.permissions import Role
from services.contracts.settlement import (
    AlreadyResolved,
    Channel,
    ChannelRefused,
    DeskMethod,
    NoSuchPayment,
    PaymentOver,
    PaymentView,
    PayOutRefund,
    RedirectRefund,
    RefundState,
    RetryRefund,
    TakeAtDesk,
    TakeDeposit,
)
from services.kernel.errors import NotFound, Unavailable
from services.kernel.ids import new_id
from services.settlement.tables import RefundRow
from services.settlement.use_cases import desk, mend_refund
from tests.support.life.world import World

MEND_REFUSALS = (AlreadyResolved, NotFound, Unavailable, ChannelRefused)


class Desk:
    """Acts of the cashier."""

    def __init__(self, world: World) -> None:
        self.world = world

    def take(self, payment: PaymentView, method: DeskMethod) -> None:
        """The rest of an open payment is in the till."""
        world = self.world
        command = TakeAtDesk(
            request_id=new_id(), payment_id=payment.payment_id, method=method, reference="000123"
        )
        world.do(
            f"{world.name(payment)} is paid at the desk, {method}",
            lambda: desk.take_at_desk(world.db, command, world.staff(Role.CASHIER), world.now),
            PaymentOver,
            NoSuchPayment,
        )

    def take_deposit(self, merchant: int, amount_fen: int) -> None:
        """A merchant's deposit is in the till."""
        world = self.world
        command = TakeDeposit(
            request_id=new_id(),
            merchant_id=world.merchant(merchant),
            amount_fen=amount_fen,
            method=DeskMethod.CASH,
        )
        world.do(
            f"deposit {amount_fen} of merchant {merchant}",
            lambda: desk.take_deposit(world.db, command, world.staff(Role.CASHIER), world.now),
        )

    def retry(self, which: int) -> None:
        """A refund that failed is asked for again."""
        refund_id = self._one(which, RefundState.FAILED)
        if refund_id is None:
            return
        world, command = self.world, RetryRefund(request_id=new_id(), refund_id=refund_id)
        world.do(
            f"refund {refund_id} is asked for again",
            lambda: mend_refund.retry_refund(
                world.db, command, world.staff(Role.CASHIER), world.now
            ),
            *MEND_REFUSALS,
        )

    def redirect(self, which: int) -> None:
        """A refund that failed goes to the household's fund."""
        refund_id = self._one(which, RefundState.FAILED)
        if refund_id is None:
            return
        world = self.world
        command = RedirectRefund(request_id=new_id(), refund_id=refund_id, reason="原路退不回去")
        world.do(
            f"refund {refund_id} goes to the fund",
            lambda: mend_refund.redirect_refund(
                world.db, world.books.channels, command, world.staff(Role.CASHIER), world.now
            ),
            *MEND_REFUSALS,
        )

    def pay_out(self, which: int) -> None:
        """A refund of cash is given over the counter."""
        refund_id = self._one(which, RefundState.PENDING, Channel.DESK)
        if refund_id is None:
            return
        world, command = self.world, PayOutRefund(request_id=new_id(), refund_id=refund_id)
        world.do(
            f"refund {refund_id} is paid out at the desk",
            lambda: mend_refund.pay_out_refund(
                world.db, command, world.staff(Role.CASHIER), world.now
            ),
            *MEND_REFUSALS,
        )

    def nothing_waits(self) -> None:
        """Every refund that needs a hand has had one."""
        for _ in self._waiting(RefundState.PENDING, Channel.DESK):
            self.pay_out(0)
        for _ in self._waiting(RefundState.FAILED):
            self.redirect(0)

    def _one(self, which: int, state: RefundState, channel: Channel | None = None) -> str | None:
        found = self._waiting(state, channel)
        return found[which % len(found)] if found else None

    def _waiting(self, state: RefundState, channel: Channel | None = None) -> list[str]:
        found = select(RefundRow.refund_id).where(RefundRow.state == state)
        if channel is not None:
            found = found.where(RefundRow.channel == channel)
        return [row.refund_id for row in self.world.rows(found.order_by(RefundRow.refund_id))]
