"""Settlement's entrypoints for property fees."""

from datetime import timedelta
from typing import Any

from services.contracts.fees import (
    FeeBillQuery,
    FeeBillsQuery,
    FeeBillView,
    FeeImportView,
    FeePaymentOpened,
    FeePaymentsQuery,
    FeePaymentView,
    FeeReceiptQuery,
    FeeReceiptView,
    FetchFeeBills,
    ImportFeeBills,
    OffsetFee,
    OpenFeePayment,
    ReverseFeePayment,
    TakeFeeAtDesk,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import every, rpc
from services.kernel.wire import Page
from services.settlement.use_cases import see_fees
from services.settlement.use_cases.fetch_fee_bills import fetch_fee_bills
from services.settlement.use_cases.import_fee_bills import import_fee_bills
from services.settlement.use_cases.offset_fee import offset_fee
from services.settlement.use_cases.open_fee_payment import open_fee_payment
from services.settlement.use_cases.reverse_fee_payment import reverse_fee_payment
from services.settlement.use_cases.see_fee_receipt import see_fee_receipt
from services.settlement.use_cases.take_fee_at_desk import take_fee_at_desk
from services.settlement.use_cases.tell_fee_system import tell_fee_system


class FeesEntry:
    """Commands and questions about property fees."""

    runtime: Any

    @rpc(signed_in=True)
    def fee_bills(self, query: FeeBillsQuery, actor: Actor) -> Page[FeeBillView]:
        return see_fees.see_bills(self.runtime.db, self.runtime.services, query, actor, now())

    @rpc(signed_in=True)
    def fee_bill(self, query: FeeBillQuery, actor: Actor) -> FeeBillView:
        return see_fees.see_bill(self.runtime.db, self.runtime.services, query, actor, now())

    @rpc(permission=Permission.MONEY_VIEW_ANY)
    def fee_payments(self, query: FeePaymentsQuery) -> Page[FeePaymentView]:
        return see_fees.see_payments(self.runtime.db, query)

    @rpc(permission=Permission.PAYMENT_PAY)
    def open_fee_payment(self, command: OpenFeePayment, actor: Actor) -> FeePaymentOpened:
        runtime = self.runtime
        within = timedelta(seconds=runtime.settings.fee_pay_within_s)
        return open_fee_payment(runtime.db, runtime.services, command, actor, within, now())

    # Which permission it takes depends on whose fund it is: identity says, at that moment.
    @rpc(signed_in=True)
    def offset_fee(self, command: OffsetFee, actor: Actor) -> FeePaymentView:
        return offset_fee(self.runtime.db, self.runtime.services, command, actor, now())

    @rpc(permission=Permission.MONEY_DESK)
    def take_fee_at_desk(self, command: TakeFeeAtDesk, actor: Actor) -> FeePaymentView:
        return take_fee_at_desk(self.runtime.db, self.runtime.services, command, actor, now())

    @rpc(permission=Permission.MONEY_REFUND)
    def reverse_fee_payment(self, command: ReverseFeePayment, actor: Actor) -> FeePaymentView:
        return reverse_fee_payment(self.runtime.db, command, actor, now())

    @rpc(signed_in=True)
    def fee_receipt(self, query: FeeReceiptQuery, actor: Actor) -> FeeReceiptView:
        runtime = self.runtime
        payee = runtime.settings.property_name
        return see_fee_receipt(runtime.db, runtime.services, query, actor, payee)

    @rpc(permission=Permission.FEE_IMPORT)
    def import_fee_bills(self, command: ImportFeeBills, actor: Actor) -> FeeImportView:
        return import_fee_bills(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.FEE_IMPORT)
    def fetch_fee_bills(self, command: FetchFeeBills) -> FeeImportView:
        return fetch_fee_bills(self.runtime.db, self.runtime.extras.fee_system, now())

    @every(seconds=2)
    def tell_fee_system(self) -> None:
        tell_fee_system(self.runtime.db, self.runtime.extras.fee_system, now())

    @every(seconds=300)
    def fetch_new_fee_bills(self) -> None:
        fetch_fee_bills(self.runtime.db, self.runtime.extras.fee_system, now())
