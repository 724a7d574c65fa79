"""A street where people quarrel: settlement's side of a dispute by hand, and every act in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.contracts import disputes as q
from services.contracts.orders import OrderState, Party
from services.contracts.permissions import Role
from services.contracts.settlement import (
    AlreadyResolved,
    EscrowState,
    FreezeOrder,
    FrozenView,
    OrderMoneyCommand,
    OrderMoneyView,
    RuleOrder,
    ThawOrder,
    TooMuch,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.wire import View
from services.orders.domain.dispute import Dispute
from services.orders.queries_disputes import dispute_view, find_dispute
from services.orders.use_cases.disputes import (
    appeal,
    mediate,
    negotiate,
    open_dispute,
    pass_deadlines,
)
from tests.support.order_walk import Walk
from tests.support.orders import COMMUNITY, NOW, SETTINGS, FakeServices, Street, person

E = EscrowState
AFTER_NEGOTIATION = SETTINGS.negotiate_for_s
AFTER_APPEAL = SETTINGS.appeal_within_s


@dataclass
class Escrow:
    """What is held for one order."""

    left_fen: int
    state: EscrowState = E.HELD
    to_resident_fen: int = 0
    to_merchant_fen: int = 0


class QuarrelServices(FakeServices):
    """The services around orders, with settlement's escrow as far as a dispute can tell.

    The same request gives the first answer again, as settlement's claims do.
    """

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        self.escrows: dict[str, Escrow] = {}
        self.answers: dict[str, tuple[OrderMoneyCommand, View]] = {}

    def escrow(self, order_id: str) -> Escrow:
        """What is held for the order; it comes with the payment."""
        if order_id not in self.escrows:
            parts = [part for opened in self.payments.values() for part in opened.allocations]
            amount_fen = next(part.amount_fen for part in parts if part.order_id == order_id)
            self.escrows[order_id] = Escrow(amount_fen)
        return self.escrows[order_id]

    def settlement_freeze_order(self, command: FreezeOrder) -> View:
        return self._once(command, self._freeze)

    def settlement_thaw_order(self, command: ThawOrder) -> View:
        return self._once(command, self._thaw)

    def settlement_rule_order(self, command: RuleOrder) -> View:
        return self._once(command, self._rule)

    def _once(self, command: OrderMoneyCommand, act: Any) -> View:
        if command.request_id in self.answers:
            known, answer = self.answers[command.request_id]
            assert known == command, "the same request with another body"
            return answer
        answer = act(command, self.escrow(command.order_id))
        self.answers[command.request_id] = (command, answer)
        return answer

    def _freeze(self, command: FreezeOrder, escrow: Escrow) -> View:
        if escrow.state not in (E.HELD, E.RELEASED):
            raise AlreadyResolved(fields={"state": escrow.state})
        taken_fen = escrow.left_fen if escrow.state is E.RELEASED else 0
        escrow.state = E.FROZEN
        return FrozenView(
            order_id=command.order_id, frozen_fen=escrow.left_fen, taken_back_fen=taken_fen
        )

    def _thaw(self, command: ThawOrder, escrow: Escrow) -> View:
        if escrow.state is not E.FROZEN:
            raise AlreadyResolved(fields={"state": escrow.state})
        escrow.state = E.HELD
        return self._money(command.order_id, escrow)

    def _rule(self, command: RuleOrder, escrow: Escrow) -> View:
        if escrow.state is not E.FROZEN:
            raise AlreadyResolved(fields={"state": escrow.state})
        if command.to_resident_fen > escrow.left_fen:
            raise TooMuch(fields={"left_fen": str(escrow.left_fen)})
        escrow.to_resident_fen += command.to_resident_fen
        escrow.left_fen -= command.to_resident_fen
        escrow.to_merchant_fen += escrow.left_fen
        escrow.state = E.RELEASED if escrow.left_fen else E.REFUNDED
        return self._money(command.order_id, escrow)

    def _money(self, order_id: str, escrow: Escrow) -> OrderMoneyView:
        return OrderMoneyView(
            order_id=order_id,
            household_id=self.street.household_id,
            merchant_id=self.street.breakfast.merchant_id,
            amount_fen=escrow.left_fen + escrow.to_resident_fen,
            held_fen=escrow.left_fen,
            state=escrow.state,
        )


class Quarrel(Walk):
    """A walk whose people can fall out with each other; 豆浆×2 油条×4 cost ¥14."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.services: QuarrelServices = QuarrelServices(self.street)
        self.mediator = self.street.mediator
        self.other_mediator = person({}, roles=(Role.MEDIATOR,), communities=(COMMUNITY,))
        self.manager = person({}, roles=(Role.MANAGER,), name="主管", communities=(COMMUNITY,))

    def open(self, order_id: str, actor: Actor | None = None, **fields: Any) -> q.DisputeView:
        """Open a dispute as the resident, or as `actor`."""
        now = fields.pop("now", NOW)
        values = {
            "request_id": new_id(),
            "about": q.DisputeAbout.DAMAGED,
            "text": "豆浆洒了",
            **fields,
        }
        return open_dispute.open_dispute(
            self.db,
            self.services,
            self.files,
            q.OpenDispute(order_id=order_id, **values),
            actor or self.street.resident,
            now,
            SETTINGS,
        )

    def opened(self, state: OrderState = OrderState.PREPARING) -> q.DisputeView:
        """A dispute of the resident's over an order in this state."""
        return self.open(self.order_in(state))

    def waiting(self, state: OrderState = OrderState.PREPARING) -> q.DisputeView:
        """One that waits for a mediator."""
        return self.call(self.opened(state))

    def taken(self, state: OrderState = OrderState.PREPARING) -> q.DisputeView:
        """One that the mediator has taken."""
        return self.take(self.waiting(state))

    def ruled(
        self, to_resident_fen: int = 400, state: OrderState = OrderState.PREPARING
    ) -> q.DisputeView:
        """One that the mediator has ruled."""
        return self.rule(self.taken(state), to_resident_fen)

    def appealed(self, to_resident_fen: int = 400) -> q.DisputeView:
        """One whose ruling the resident wants looked at again."""
        return self.appeal(self.ruled(to_resident_fen))

    def propose(
        self, view: q.DisputeBrief, fen: int, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """The resident's, or `actor`'s, offer."""
        command = self._command(q.ProposeSplit, view, to_resident_fen=fen, **fields)
        return negotiate.propose_split(self.db, command, actor or self.street.resident, NOW)

    def accept(
        self, view: q.DisputeBrief, fen: int, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """The merchant's, or `actor`'s, yes."""
        command = self._command(q.AcceptSplit, view, to_resident_fen=fen, **fields)
        by = actor or self.street.merchant
        return negotiate.accept_split(self.db, self.services, command, by, NOW, SETTINGS)

    def call(
        self, view: q.DisputeBrief, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """The call for a mediator."""
        command = self._command(q.CallMediator, view, **fields)
        return negotiate.call_mediator(self.db, command, actor or self.street.resident, NOW)

    def withdraw(
        self, view: q.DisputeBrief, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """Let it be."""
        command = self._command(q.WithdrawDispute, view, **fields)
        by = actor or self.street.resident
        return negotiate.withdraw_dispute(self.db, self.services, command, by, NOW, SETTINGS)

    def take(
        self, view: q.DisputeBrief, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """A mediator takes it."""
        command = self._command(q.TakeDispute, view, **fields)
        return mediate.take_dispute(self.db, command, actor or self.mediator, NOW)

    def ask(
        self,
        view: q.DisputeBrief,
        to: Party | None = None,
        actor: Actor | None = None,
        **fields: Any,
    ) -> q.DisputeView:
        """A question to one side or both."""
        command = self._command(q.AskParty, view, to=to, **{"text": "怎么回事？", **fields})
        return mediate.ask_party(self.db, command, actor or self.mediator, NOW)

    def rule(
        self, view: q.DisputeBrief, fen: int, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """A ruling."""
        values = {"reason": "照片显示包装破损", "precedent": "", **fields}
        command = self._command(q.RuleDispute, view, to_resident_fen=fen, **values)
        return mediate.rule_dispute(self.db, command, actor or self.mediator, NOW, SETTINGS)

    def pass_on(self, view: q.DisputeBrief, actor: Actor | None = None) -> q.DisputeView:
        """Leave it to a manager."""
        command = self._command(q.PassToManager, view, reason="金额较大")
        return mediate.pass_to_manager(self.db, command, actor or self.mediator, NOW)

    def content(
        self, view: q.DisputeBrief, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """One side is content with the ruling."""
        command = self._command(q.AcceptRuling, view, **fields)
        by = actor or self.street.resident
        return appeal.accept_ruling(self.db, self.services, command, by, NOW, SETTINGS)

    def appeal(
        self, view: q.DisputeBrief, actor: Actor | None = None, now: datetime = NOW
    ) -> q.DisputeView:
        """One side wants a manager to look again."""
        command = self._command(q.AppealRuling, view, text="没看门禁记录")
        return appeal.appeal_ruling(self.db, command, actor or self.street.resident, now)

    def decide(
        self, view: q.DisputeBrief, fen: int, actor: Actor | None = None, **fields: Any
    ) -> q.DisputeView:
        """The manager's last word."""
        values = {"reason": "维持并酌减", "precedent": "", **fields}
        command = self._command(q.DecideAppeal, view, to_resident_fen=fen, **values)
        by = actor or self.manager
        return appeal.decide_appeal(self.db, self.services, command, by, NOW, SETTINGS)

    def clock(self, now: datetime) -> int:
        """What the clock does to disputes."""
        return pass_deadlines.pass_dispute_deadlines(self.db, self.services, now, SETTINGS)

    def see(self, view: q.DisputeBrief, actor: Actor | None = None) -> q.DisputeView:
        """The dispute as it stands."""
        return dispute_view(self.db, view.dispute_id, actor or self.street.resident, NOW)

    def kept(self, view: q.DisputeBrief) -> Dispute:
        """The dispute as it is kept."""
        with self.db.reading() as tx:
            found = find_dispute(tx, view.dispute_id)
        assert found is not None
        return found

    def _command(self, kind: type[Any], view: q.DisputeBrief, **fields: Any) -> Any:
        values = {"request_id": new_id(), "order_id": view.order_id, **fields}
        return kind(dispute_id=view.dispute_id, **values)
