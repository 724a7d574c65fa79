"""After-sales on the street: money that goes back once, pieces that are set aside and come back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from services.contracts.after_sales import (
    AcceptOffer,
    AnswerCase,
    CaseAnswer,
    CaseCommand,
    CaseKind,
    CaseView,
    ConfirmReplacement,
    EscalateCase,
    OpenCase,
    SendBack,
    SendReplacement,
    TakeBack,
    WithdrawCase,
)
from services.contracts.catalog import (
    CommitReservation,
    ReturnPieces,
    SkuLine,
    SkuLinesView,
    SkusQuery,
)
from services.contracts.delivery import DropDelivered
from services.contracts.disputes import DisputeView
from services.contracts.orders import OrderState, PickedLine
from services.contracts.settlement import (
    EscrowState,
    FreezeOrder,
    FrozenView,
    OrderMoneyView,
    RefundOrder,
    TooMuch,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.wire import Done
from services.orders.domain.case import Case
from services.orders.domain.order import Order
from services.orders.queries_cases import need_case
from services.orders.sagas import engine
from services.orders.sagas.kinds import KINDS
from services.orders.tables import LINES_A_REVISION, LineRow, OrderRow
from services.orders.use_cases.cases import answer_case, replace_goods, return_goods
from services.orders.use_cases.cases.end_case import withdraw_case
from services.orders.use_cases.cases.escalate_case import escalate_case
from services.orders.use_cases.cases.open_case import open_case
from services.orders.use_cases.cases.pass_deadlines import pass_case_deadlines
from services.orders.use_cases.cases.show_cases import case_view
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS, FakeServices, Street

LATER = NOW + timedelta(seconds=SETTINGS.saga_lease_s + 1)
"""When the sweep takes up what died at NOW."""
ANSWER_BY = NOW + timedelta(seconds=SETTINGS.case_answer_s)
RETURN_BY = NOW + timedelta(seconds=SETTINGS.case_return_s)
CLAIM_BY = NOW + timedelta(seconds=SETTINGS.claim_within_s)


class CaseServices(FakeServices):
    """Settlement gives back what is left, the catalog sells and takes back; each once."""

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        self.refunds: dict[str, RefundOrder] = {}
        self.sold: set[str] = set()
        self.returned: dict[str, ReturnPieces] = {}
        self.frozen: set[str] = set()
        self.by_hand: dict[str, int] = {}

    def catalog_skus(self, query: SkusQuery) -> SkuLinesView:
        known = (self.street.shelf.get(sku_id) for sku_id in query.sku_ids)
        names = set(SkuLine.model_fields)
        facts = [line.model_dump(include=names) for line in known if line]
        return SkuLinesView(lines=[SkuLine(**one, stock=None, on_shelf=True) for one in facts])

    def catalog_commit_reservation(self, command: CommitReservation) -> Done:
        assert command.reservation_id in self.still_held()
        lines = self.held[command.reservation_id].lines
        assert sorted(command.sku_ids) == sorted(line.sku_id for line in lines)
        self.sold.add(command.reservation_id)
        return Done()

    def catalog_return_pieces(self, command: ReturnPieces) -> Done:
        assert self.returned.setdefault(command.return_id, command) == command
        return Done()

    def settlement_refund_order(self, command: RefundOrder) -> OrderMoneyView:
        if command.request_id not in self.refunds:
            left_fen = self.left_fen(command.order_id)
            if command.amount_fen > left_fen:
                raise TooMuch(fields={"left_fen": str(left_fen)})
            self.refunds[command.request_id] = command
        assert self.refunds[command.request_id] == command
        left_fen = self.left_fen(command.order_id)
        return OrderMoneyView(
            order_id=command.order_id,
            household_id=self.street.household_id,
            merchant_id=self.street.breakfast.merchant_id,
            amount_fen=self._paid_fen(command.order_id),
            held_fen=left_fen,
            state=EscrowState.HELD if left_fen else EscrowState.REFUNDED,
            refundable_fen=left_fen,
        )

    def settlement_freeze_order(self, command: FreezeOrder) -> FrozenView:
        self.frozen.add(command.order_id)
        return FrozenView(order_id=command.order_id, frozen_fen=self.left_fen(command.order_id))

    def left_fen(self, order_id: str) -> int:
        """What has not gone back of an order."""
        gone_fen = self.given_fen(order_id) + self.by_hand.get(order_id, 0)
        return self._paid_fen(order_id) - gone_fen

    def given_fen(self, order_id: str) -> int:
        """What went back of an order."""
        found = (refund for refund in self.refunds.values() if refund.order_id == order_id)
        return sum(refund.amount_fen for refund in found)

    def replacements(self) -> set[str]:
        """What is sold to somebody who has not paid for it: reservations of exchanges."""
        return self.sold & self.still_held()

    def _paid_fen(self, order_id: str) -> int:
        parts = [part for opened in self.payments.values() for part in opened.allocations]
        return sum(part.amount_fen for part in parts if part.order_id == order_id)


class Cases:
    """An order of two soy milks and four sticks (¥14), and what its people say about it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.walk = Walk(db)
        self.street = self.walk.street
        self.services = CaseServices(self.street)
        self.walk.services = self.services
        self.resident, self.merchant = self.street.resident, self.street.merchant

    # the order

    def order_in(self, state: OrderState = OrderState.DELIVERED) -> str:
        """An order that has walked to `state`."""
        return self.walk.order_in(state)

    def order(self, order_id: str) -> Order:
        """It as it is kept."""
        return self.walk.order(order_id)

    def supplement(self, order_id: str, amount_fen: int) -> str:
        """A paid supplement of the order, confirmed with it; the order costs so much more now."""
        wanted = {self.street.soy.sku_id: amount_fen // 300}
        placed = self.walk.place(wanted)
        self.walk.pay(placed)
        small_id = placed.orders[0].order_id
        main = self.order(order_id)
        agreed = update(OrderRow).where(OrderRow.order_id == order_id)
        lines = update(LineRow).where(LineRow.order_id == order_id)
        small = update(OrderRow).where(OrderRow.order_id == small_id)
        with self.db.transaction() as tx:
            tx.execute(agreed.values(agreed_fen=main.agreed_fen + amount_fen, revision=1))
            tx.execute(lines.values(line_no=LineRow.line_no + LINES_A_REVISION))
            tx.execute(
                small.values(supplement_of=order_id, state=OrderState.PREPARING, deadline_at=None)
            )
        return small_id

    # the case

    def open(
        self,
        order_id: str,
        kind: CaseKind = CaseKind.REFUND,
        actor: Actor | None = None,
        now: datetime = NOW,
        lines: Mapping[str, int] | None = None,
        replacement: Mapping[str, int] | None = None,
        **fields: Any,
    ) -> CaseView:
        """The resident asks."""
        values = {"request_id": new_id(), "reason": "洒了一半", **fields}
        command = OpenCase(
            order_id=order_id,
            kind=kind,
            lines=picked(lines or {}),
            replacement=picked(replacement or {}),
            **values,
        )
        by = actor or self.resident
        return open_case(self.db, self.services, self.walk.files, command, by, now, SETTINGS)

    def answer(
        self,
        case: CaseView,
        answer: CaseAnswer = CaseAnswer.AGREE,
        actor: Actor | None = None,
        now: datetime = NOW,
        **fields: Any,
    ) -> CaseView:
        """The store's word."""
        command = self._command(AnswerCase, case, answer=answer, **fields)
        by = actor or self.merchant
        return answer_case.answer_case(self.db, self.services, command, by, now, SETTINGS)

    def offer(self, case: CaseView, offer_fen: int, **fields: Any) -> CaseView:
        """The store offers another sum."""
        said = {"text": "只洒了一杯", "offer_fen": offer_fen, **fields}
        return self.answer(case, CaseAnswer.COUNTER, **said)

    def reject(self, case: CaseView, **fields: Any) -> CaseView:
        """The store says no."""
        return self.answer(case, CaseAnswer.REJECT, **{"text": "包装完好", **fields})

    def accept(self, case: CaseView, actor: Actor | None = None, **fields: Any) -> CaseView:
        """The resident takes the offer."""
        command = self._command(AcceptOffer, case, **fields)
        by = actor or self.resident
        return answer_case.accept_offer(self.db, self.services, command, by, NOW, SETTINGS)

    def withdraw(self, case: CaseView, actor: Actor | None = None) -> CaseView:
        """The resident lets it be."""
        command = self._command(WithdrawCase, case)
        by = actor or self.resident
        return withdraw_case(self.db, self.services, command, by, NOW, SETTINGS)

    def send_back(self, case: CaseView, actor: Actor | None = None, **fields: Any) -> CaseView:
        """The resident has handed it back."""
        command = self._command(SendBack, case, **fields)
        by = actor or self.resident
        return return_goods.send_back(
            self.db, self.services, self.walk.files, command, by, NOW, SETTINGS
        )

    def take_back(self, case: CaseView, actor: Actor | None = None, **fields: Any) -> CaseView:
        """The store has it again."""
        command = self._command(TakeBack, case, **fields)
        by = actor or self.merchant
        return return_goods.take_back(self.db, self.services, command, by, NOW, SETTINGS)

    def send(self, case: CaseView, actor: Actor | None = None, **fields: Any) -> CaseView:
        """The store sends the new one, over the counter unless a courier is named."""
        command = self._command(SendReplacement, case, **fields)
        by = actor or self.merchant
        return replace_goods.send_replacement(self.db, self.services, command, by, NOW, SETTINGS)

    def confirm(self, case: CaseView, actor: Actor | None = None) -> CaseView:
        """The resident has the new one."""
        command = self._command(ConfirmReplacement, case)
        by = actor or self.resident
        return replace_goods.confirm_replacement(self.db, self.services, command, by, NOW, SETTINGS)

    def escalate(
        self, case: CaseView, actor: Actor | None = None, now: datetime = NOW, **fields: Any
    ) -> DisputeView:
        """The property shall decide."""
        command = self._command(EscalateCase, case, **fields)
        by = actor or self.resident
        return escalate_case(self.db, self.services, command, by, now, SETTINGS)

    def delivered(self, case: CaseView, at: datetime = NOW) -> bool:
        """The courier was at the door with the new one; False when the drop is no case's."""
        event = DropDelivered(
            aggregate_id=new_id(),
            order_id=case.case_id,
            courier_id=self.walk.courier_id,
            courier_name="张师傅",
            photo="/files/door.jpg",
            at=at,
        )
        with self.db.transaction() as tx:
            return replace_goods.note_replacement_delivered(tx, event, SETTINGS)

    def exchange_until(self, act: str) -> CaseView:
        """An exchange of everything, up to before `act`."""
        case = self.answer(self.open(self.order_in(), CaseKind.EXCHANGE))
        steps = {"send_back": self.send_back, "take_back": self.take_back, "send": self.send}
        for name, step in steps.items():
            if name == act:
                break
            case = step(case)
        return case

    # afterwards

    def see(self, case: CaseView, actor: Actor | None = None, now: datetime = NOW) -> CaseView:
        """It as the resident, or `actor`, sees it."""
        return case_view(self.db, case.case_id, actor or self.resident, now)

    def kept(self, case: CaseView) -> Case:
        """It as it is kept."""
        with self.db.reading() as tx:
            return need_case(tx, case.case_id)

    def pass_time(self, now: datetime) -> int:
        """What the clock does; how many cases were overdue."""
        return pass_case_deadlines(self.db, self.services, now, SETTINGS)

    def sweep(self, now: datetime = LATER) -> None:
        """Go on with whatever hangs."""
        engine.sweep(self.db, KINDS, engine.At(self.services, SETTINGS, now), 10)

    def _command(self, of: type[CaseCommand], case: CaseView, **fields: Any) -> Any:
        values = {"request_id": new_id(), **fields}
        return of(order_id=case.order_id, case_id=case.case_id, **values)


def picked(lines: Mapping[str, int]) -> list[PickedLine]:
    """A line for each SKU."""
    return [PickedLine(sku_id=sku_id, quantity=n) for sku_id, n in lines.items()]
