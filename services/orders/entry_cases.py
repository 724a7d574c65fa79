"""orders' entrypoints for after-sales."""

from typing import Any

from services.contracts.after_sales import (
    AcceptOffer,
    AnswerCase,
    CaseQuery,
    CasesQuery,
    CaseView,
    ConfirmReplacement,
    EscalateCase,
    OpenCase,
    SendBack,
    SendReplacement,
    TakeBack,
    WithdrawCase,
)
from services.contracts.disputes import DisputeView
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import every, rpc
from services.kernel.wire import Page
from services.orders.use_cases.cases import answer_case, replace_goods, return_goods
from services.orders.use_cases.cases.end_case import withdraw_case
from services.orders.use_cases.cases.escalate_case import escalate_case
from services.orders.use_cases.cases.open_case import open_case
from services.orders.use_cases.cases.pass_deadlines import pass_case_deadlines
from services.orders.use_cases.cases.show_cases import case_view, see_cases


class CasesEntry:
    """Commands and questions about after-sales."""

    runtime: Any

    @rpc(signed_in=True)
    def case(self, query: CaseQuery, actor: Actor) -> CaseView:
        return case_view(self.runtime.db, query.case_id, actor, now())

    @rpc(signed_in=True)
    def cases(self, query: CasesQuery, actor: Actor) -> Page[CaseView]:
        return see_cases(self.runtime.db, query, actor, now())

    # a resident's

    @rpc(permission=Permission.ORDER_AFTER_SALES)
    def open_case(self, command: OpenCase, actor: Actor) -> CaseView:
        run = self.runtime
        return open_case(run.db, run.services, run.files, command, actor, now(), run.settings)

    @rpc(permission=Permission.ORDER_AFTER_SALES)
    def accept_offer(self, command: AcceptOffer, actor: Actor) -> CaseView:
        run = self.runtime
        return answer_case.accept_offer(run.db, run.services, command, actor, now(), run.settings)

    @rpc(permission=Permission.ORDER_AFTER_SALES)
    def withdraw_case(self, command: WithdrawCase, actor: Actor) -> CaseView:
        run = self.runtime
        return withdraw_case(run.db, run.services, command, actor, now(), run.settings)

    @rpc(permission=Permission.ORDER_AFTER_SALES)
    def send_back(self, command: SendBack, actor: Actor) -> CaseView:
        run = self.runtime
        return return_goods.send_back(
            run.db, run.services, run.files, command, actor, now(), run.settings
        )

    @rpc(permission=Permission.ORDER_AFTER_SALES)
    def confirm_replacement(self, command: ConfirmReplacement, actor: Actor) -> CaseView:
        run = self.runtime
        return replace_goods.confirm_replacement(
            run.db, run.services, command, actor, now(), run.settings
        )

    # a store's

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def answer_case(self, command: AnswerCase, actor: Actor) -> CaseView:
        run = self.runtime
        return answer_case.answer_case(run.db, run.services, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def take_back(self, command: TakeBack, actor: Actor) -> CaseView:
        run = self.runtime
        return return_goods.take_back(run.db, run.services, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def send_replacement(self, command: SendReplacement, actor: Actor) -> CaseView:
        run = self.runtime
        return replace_goods.send_replacement(
            run.db, run.services, command, actor, now(), run.settings
        )

    # either side's

    @rpc(signed_in=True)
    def escalate_case(self, command: EscalateCase, actor: Actor) -> DisputeView:
        run = self.runtime
        return escalate_case(run.db, run.services, command, actor, now(), run.settings)

    # by the clock

    @every(seconds=10)
    def pass_case_deadlines(self) -> None:
        run = self.runtime
        pass_case_deadlines(run.db, run.services, now(), run.settings)
