"""orders' entrypoints for disputes and rulings."""

from typing import Any

from services.contracts.disputes import (
    AcceptRuling,
    AcceptSplit,
    AppealRuling,
    AskParty,
    CallMediator,
    CaseFile,
    CaseFileQuery,
    DecideAppeal,
    DisputeBrief,
    DisputeCounts,
    DisputeCountsQuery,
    DisputeQuery,
    DisputesQuery,
    DisputeView,
    MerchantsStatsQuery,
    MerchantStats,
    MerchantStatsQuery,
    OpenDispute,
    PassToManager,
    PrecedentsQuery,
    PrecedentView,
    ProposeSplit,
    RuleDispute,
    TakeDispute,
    WithdrawDispute,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import every, rpc
from services.kernel.wire import Page
from services.orders import dispute_stats, precedents
from services.orders.queries_disputes import dispute_view
from services.orders.use_cases.disputes import (
    appeal,
    mediate,
    negotiate,
    open_dispute,
    pass_deadlines,
    see,
)


class DisputesEntry:
    """Commands and questions about disputes and rulings."""

    runtime: Any

    # the two

    @rpc(signed_in=True)
    def open_dispute(self, command: OpenDispute, actor: Actor) -> DisputeView:
        run = self.runtime
        return open_dispute.open_dispute(
            run.db, run.services, run.files, command, actor, now(), run.settings
        )

    @rpc(signed_in=True)
    def propose_split(self, command: ProposeSplit, actor: Actor) -> DisputeView:
        return negotiate.propose_split(self.runtime.db, command, actor, now())

    @rpc(signed_in=True)
    def accept_split(self, command: AcceptSplit, actor: Actor) -> DisputeView:
        run = self.runtime
        return negotiate.accept_split(run.db, run.services, command, actor, now(), run.settings)

    @rpc(signed_in=True)
    def call_mediator(self, command: CallMediator, actor: Actor) -> DisputeView:
        return negotiate.call_mediator(self.runtime.db, command, actor, now())

    @rpc(signed_in=True)
    def withdraw_dispute(self, command: WithdrawDispute, actor: Actor) -> DisputeView:
        run = self.runtime
        return negotiate.withdraw_dispute(run.db, run.services, command, actor, now(), run.settings)

    @rpc(signed_in=True)
    def accept_ruling(self, command: AcceptRuling, actor: Actor) -> DisputeView:
        run = self.runtime
        return appeal.accept_ruling(run.db, run.services, command, actor, now(), run.settings)

    @rpc(signed_in=True)
    def appeal_ruling(self, command: AppealRuling, actor: Actor) -> DisputeView:
        return appeal.appeal_ruling(self.runtime.db, command, actor, now())

    # staff

    @rpc(permission=Permission.ORDER_MEDIATE)
    def take_dispute(self, command: TakeDispute, actor: Actor) -> DisputeView:
        return mediate.take_dispute(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.ORDER_MEDIATE)
    def ask_party(self, command: AskParty, actor: Actor) -> DisputeView:
        return mediate.ask_party(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.ORDER_MEDIATE)
    def rule_dispute(self, command: RuleDispute, actor: Actor) -> DisputeView:
        run = self.runtime
        return mediate.rule_dispute(run.db, command, actor, now(), run.settings)

    @rpc(permission=Permission.ORDER_MEDIATE)
    def pass_to_manager(self, command: PassToManager, actor: Actor) -> DisputeView:
        return mediate.pass_to_manager(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.ORDER_APPEAL)
    def decide_appeal(self, command: DecideAppeal, actor: Actor) -> DisputeView:
        run = self.runtime
        return appeal.decide_appeal(run.db, run.services, command, actor, now(), run.settings)

    # looking

    @rpc(signed_in=True)
    def dispute(self, query: DisputeQuery, actor: Actor) -> DisputeView:
        return dispute_view(self.runtime.db, query.dispute_id, actor, now())

    @rpc(signed_in=True)
    def disputes(self, query: DisputesQuery, actor: Actor) -> Page[DisputeBrief]:
        return see.see_disputes(self.runtime.db, query, actor)

    @rpc(permission=Permission.ORDER_MEDIATE)
    def dispute_counts(self, query: DisputeCountsQuery, actor: Actor) -> DisputeCounts:
        return see.count_disputes(self.runtime.db, query, actor)

    @rpc(permission=Permission.ORDER_MEDIATE)
    def case_file(self, query: CaseFileQuery, actor: Actor) -> CaseFile:
        return see.case_file(self.runtime.db, query, actor, now(), self.runtime.settings)

    @rpc(permission=Permission.ORDER_MEDIATE)
    def precedents(self, query: PrecedentsQuery, actor: Actor) -> Page[PrecedentView]:
        return precedents.search(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def merchant_stats(self, query: MerchantStatsQuery, actor: Actor) -> MerchantStats:
        return dispute_stats.merchant_stats(self.runtime.db, query, actor, now())

    @rpc(permission=Permission.ORDER_MEDIATE)
    def merchants_stats(self, query: MerchantsStatsQuery, actor: Actor) -> Page[MerchantStats]:
        return dispute_stats.merchants_stats(self.runtime.db, query, actor, now())

    # by the clock

    @every(seconds=10)
    def pass_dispute_deadlines(self) -> None:
        run = self.runtime
        pass_deadlines.pass_dispute_deadlines(run.db, run.services, now(), run.settings)
