"""orders' entrypoints for amendments of orders."""

from typing import Any

from services.contracts.amendments import (
    AmendmentsQuery,
    AmendmentsView,
    AmendmentView,
    AnswerAmendment,
    ProposeAmendment,
    WithdrawAmendment,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import every, rpc
from services.orders.use_cases.amendments import answer, over, propose, see, supplements


class AmendmentsEntry:
    """Commands and questions about amendments of orders."""

    runtime: Any

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def propose_amendment(self, command: ProposeAmendment, actor: Actor) -> AmendmentView:
        run = self.runtime
        return propose.propose_amendment(run.db, run.services, command, actor, now(), run.settings)

    @rpc(permission=Permission.ORDER_AFTER_SALES)
    def answer_amendment(self, command: AnswerAmendment, actor: Actor) -> AmendmentView:
        run = self.runtime
        return answer.answer_amendment(run.db, run.services, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def withdraw_amendment(self, command: WithdrawAmendment, actor: Actor) -> AmendmentView:
        return over.withdraw_amendment(
            self.runtime.db, command, actor, now(), self.runtime.settings
        )

    @rpc(signed_in=True)
    def amendments(self, query: AmendmentsQuery, actor: Actor) -> AmendmentsView:
        return see.amendments(self.runtime.db, query, actor, now())

    @every(seconds=10)
    def mind_amendments(self) -> None:
        run = self.runtime
        over.expire_proposals(run.db, now(), run.settings)
        supplements.take_up_answered(run.db, now(), run.settings)
