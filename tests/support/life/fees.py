"""Property fees: bills come, are paid at the desk, by channel or fund, are refused and reversed."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select

from services.contracts.fees import (
    BillChanged,
    BillOver,
    DebtorKind,
    FeeBillState,
    FeePaymentOpened,
    FeePaymentState,
    NoSuchBill,
    OffsetFee,
    OpenFeePayment,
    ReverseFeePayment,
    TakeFeeAtDesk,
)
from services.contracts.permissions import Role
from services.contracts.settlement import (
    DeskMethod,
    InsufficientFunds,
    OwnerKind,
    PaymentState,
    PaymentView,
)
from services.kernel.errors import Forbidden, NotFound, Unavailable
from services.kernel.ids import new_id
from services.settlement import queries
from services.settlement.domain.fee_system import BillSaid, FeeSystemRefused, Standing
from services.settlement.tables_fees import FeeBillRow, FeePaymentRow
from services.settlement.use_cases.fetch_fee_bills import fetch_fee_bills
from services.settlement.use_cases.offset_fee import offset_fee
from services.settlement.use_cases.open_fee_payment import open_fee_payment
from services.settlement.use_cases.reverse_fee_payment import reverse_fee_payment
from services.settlement.use_cases.take_fee_at_desk import take_fee_at_desk
from services.settlement.use_cases.tell_fee_system import tell_fee_system
from tests.support.fees import CONSENT, FakeFeeSystem, FakeIdentity, FakeServices
from tests.support.life.world import HOUSEHOLDS, MERCHANTS, World

PAY_WITHIN = timedelta(minutes=15)
REFUSALS = (NoSuchBill, BillOver, BillChanged, InsufficientFunds, Forbidden, NotFound)


class Fees:
    """Acts of the fee system and of those who owe."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.system = FakeFeeSystem()
        self.identity = FakeIdentity()
        for number in range(HOUSEHOLDS):
            self._may_pay(world.household(number), world.id("home", number), Role.OWNER)
        for number in range(MERCHANTS):
            self._may_pay(world.merchant(number), world.merchant(number), Role.SHOPKEEPER)

    def _may_pay(self, owner_id: str, debtor_id: str, role: Role) -> None:
        self.identity.answers[debtor_id] = owner_id
        account_id = self.world.person(owner_id, role).account_id
        self.identity.rights[account_id, owner_id, debtor_id] = True

    # the fee system

    def a_bill_comes(self, debtor: int, amount_fen: int) -> None:
        """A new bill of a home or of a merchant's premises."""
        world, number = self.world, len(self.system.changes)
        at_home = debtor % 3 != 2
        home_id, merchant_id = world.id("home", debtor % HOUSEHOLDS), world.merchant(debtor)
        bill = BillSaid(
            community_id=world.id("community"),
            external_number=f"WY-{number:03}",
            debtor_kind=DebtorKind.HOME if at_home else DebtorKind.MERCHANT,
            debtor_id=home_id if at_home else merchant_id,
            title="物业服务费",
            period="2026-02",
            amount_fen=amount_fen,
            due_day=date(2026, 2, 28),
        )
        world.story.append(f"bill {number} of {amount_fen}")
        self.system.changes.append(bill)
        self.fetch()

    def a_bill_changes(self, which: int, amount_fen: int, standing: Standing) -> None:
        """The fee system says something else of an earlier bill."""
        known = self.system.changes
        if known:
            bill = known[which % len(known)]
            self.world.story.append(f"{bill.external_number} is {standing}, {amount_fen}")
            known.append(replace(bill, amount_fen=amount_fen, standing=standing))

    def the_system_changes(self, away: bool, refuses: bool) -> None:
        """It is away or back, takes payments or not."""
        self.world.story.append(f"fee system: away={away} refuses={refuses}")
        self.system.away = away
        self.system.refusal = FeeSystemRefused("重复缴费") if refuses else None

    def fetch(self) -> None:
        """The worker asks for bills."""
        world = self.world
        act = lambda: fetch_fee_bills(world.db, self.system, world.now)  # noqa: E731
        world.do("fetch bills", act, Unavailable, once=True)

    def tell(self) -> None:
        """The worker tells of payments."""
        world = self.world
        world.job("fees", lambda: tell_fee_system(world.db, self.system, world.now))

    # those who owe

    def offset(self, which: int) -> None:
        """抵扣物业费."""
        bill = self._one(which)
        if bill is None:
            return
        world, role = self.world, Role.OWNER
        kind, owner_id = OwnerKind.HOUSEHOLD, self.identity.answers[bill.debtor_id]
        if bill.debtor_kind == DebtorKind.MERCHANT:
            kind, role = OwnerKind.MERCHANT, Role.SHOPKEEPER
        actor = world.person(owner_id, role)
        command = OffsetFee(
            request_id=new_id(),
            owner_kind=kind,
            owner_id=owner_id,
            bill_id=bill.bill_id,
            amount_fen=bill.amount_fen,
            consent=CONSENT,
        )
        services = FakeServices(replace(self.identity, actor=actor))
        world.do(
            f"offset {bill.external_number}",
            lambda: offset_fee(world.db, services, command, actor, world.now),
            *REFUSALS,
        )

    def open(self, which: int) -> None:
        """A payment for a home's bill, to be paid like any other."""
        bill = self._one(which, DebtorKind.HOME)
        if bill is None:
            return
        world = self.world
        household_id = self.identity.answers[bill.debtor_id]
        actor = world.person(household_id, Role.OWNER)
        command = OpenFeePayment(
            request_id=new_id(), household_id=household_id, bill_ids=[bill.bill_id]
        )
        services = FakeServices(replace(self.identity, actor=actor))
        world.do(
            f"pay bill {bill.external_number}",
            lambda: self._opened(
                open_fee_payment(world.db, services, command, actor, PAY_WITHIN, world.now)
            ),
            *REFUSALS,
        )

    def _opened(self, opened: FeePaymentOpened) -> None:
        world = self.world
        if any(opened.payment_id == payment.payment_id for payment in world.fee_payments):
            return
        with world.db.reading() as tx:
            row = queries.payment_row(tx, opened.payment_id)
            parts = queries.allocations(tx, opened.payment_id)
        assert row is not None
        world.fee_payments.append(
            PaymentView(
                payment_id=opened.payment_id,
                household_id=row.household_id,
                state=PaymentState.OPEN,
                amount_fen=opened.amount_fen,
                subject=row.subject,
                pay_before=opened.pay_before,
                allocations=parts,
            )
        )

    def take_at_desk(self, which: int) -> None:
        """The cashier takes a bill's money."""
        bill = self._one(which)
        if bill is None:
            return
        world, actor = self.world, self.world.staff(Role.CASHIER)
        command = TakeFeeAtDesk(request_id=new_id(), bill_id=bill.bill_id, method=DeskMethod.CASH)
        services = FakeServices(replace(self.identity, actor=actor))
        world.do(
            f"{bill.external_number} at the desk",
            lambda: take_fee_at_desk(world.db, services, command, actor, world.now),
            *REFUSALS,
        )

    def reverse(self, which: int) -> None:
        """An accepted payment is undone."""
        accepted = select(FeePaymentRow.fee_payment_id).where(
            FeePaymentRow.state == FeePaymentState.ACCEPTED
        )
        found = self.world.rows(accepted.order_by(FeePaymentRow.fee_payment_id))
        if not found:
            return
        world = self.world
        command = ReverseFeePayment(
            request_id=new_id(),
            fee_payment_id=found[which % len(found)].fee_payment_id,
            reason="收错户了",
        )
        world.do(
            f"fee payment {command.fee_payment_id} is to be reversed",
            lambda: reverse_fee_payment(world.db, command, world.staff(Role.CASHIER), world.now),
            *REFUSALS,
        )

    def _one(self, which: int, kind: DebtorKind | None = None) -> FeeBillRow | None:
        """Mostly an open bill."""
        bills = select(FeeBillRow.__table__).order_by(FeeBillRow.bill_id)
        if kind is not None:
            bills = bills.where(FeeBillRow.debtor_kind == kind)
        found = self.world.rows(bills)
        waiting = [bill for bill in found if bill.state == FeeBillState.OPEN]
        chosen = waiting or found
        return chosen[which % len(chosen)] if chosen else None
