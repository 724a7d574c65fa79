"""Settlement's entrypoints for the daily reconciliation."""

from datetime import timedelta
from typing import Any

from services.contracts.permissions import Permission
from services.contracts.reconciliation import (
    CloseDay,
    Difference,
    DifferencesQuery,
    DifferencesView,
    MendDifference,
    ReconcileDay,
    ReconciliationDay,
    ReconciliationDaysQuery,
)
from services.contracts.settlement import Channel
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import every, rpc
from services.kernel.wire import Page
from services.settlement.domain.days import day_of
from services.settlement.reconciliation.classify import FeeRate
from services.settlement.settings import Settings
from services.settlement.use_cases.close_day import close_day
from services.settlement.use_cases.forget_bill_lines import forget_bill_lines
from services.settlement.use_cases.mend_difference import mend_difference
from services.settlement.use_cases.reconcile_day import Terms, reconcile_day, reconcile_mornings
from services.settlement.use_cases.see_reconciliation import see_days, see_differences


def reconciliation_terms(settings: Settings) -> Terms:
    """When bills are there, and what the channels have agreed to keep."""
    return Terms(
        from_hour=settings.reconcile_from_hour,
        rates={
            Channel.WECHAT: FeeRate(settings.wechatpay_fee_bp),
            Channel.ALIPAY: FeeRate(settings.alipay_fee_bp),
            Channel.UNIONPAY: FeeRate(settings.unionpay_fee_bp),
        },
    )


class ReconciliationEntry:
    """Commands and questions about reconciliation."""

    runtime: Any

    @rpc(permission=Permission.MONEY_RECONCILE)
    def reconciliation_days(self, query: ReconciliationDaysQuery) -> Page[ReconciliationDay]:
        return see_days(self.runtime.db, query)

    @rpc(permission=Permission.MONEY_RECONCILE)
    def differences(self, query: DifferencesQuery) -> DifferencesView:
        return see_differences(self.runtime.db, query)

    @rpc(permission=Permission.MONEY_RECONCILE)
    def reconcile_day(self, command: ReconcileDay) -> ReconciliationDay:
        terms = reconciliation_terms(self.runtime.settings)
        return reconcile_day(self.runtime.db, self.runtime.extras.channels, terms, command, now)

    @rpc(permission=Permission.MONEY_RECONCILE)
    def mend_difference(self, command: MendDifference, actor: Actor) -> Difference:
        channels = self.runtime.extras.channels
        return mend_difference(self.runtime.db, channels, command, actor, now())

    @rpc(permission=Permission.MONEY_RECONCILE)
    def close_day(self, command: CloseDay, actor: Actor) -> ReconciliationDay:
        return close_day(self.runtime.db, command, actor, now())

    @every(seconds=15)
    def reconcile_mornings(self) -> None:
        terms = reconciliation_terms(self.runtime.settings)
        reconcile_mornings(self.runtime.db, self.runtime.extras.channels, terms, now)

    @every(seconds=3600)
    def forget_bill_lines(self) -> None:
        kept = timedelta(days=self.runtime.settings.bill_retention_days)
        forget_bill_lines(self.runtime.db, day_of(now() - kept))
