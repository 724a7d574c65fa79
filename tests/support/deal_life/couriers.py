"""Couriers come, are let in or kept out, bring parcels to doors, and leave."""

from sqlalchemy import select

from services.contracts.delivery import (
    AdmitVisit,
    CheckPass,
    DeliverDrop,
    DropState,
    LeaveVisit,
    MyVisitsQuery,
    PassQuery,
    PassView,
    RefuseVisit,
    VisitState,
    VisitView,
)
from services.contracts.permissions import Role
from services.delivery.tables import DropRow
from services.kernel.actor import Actor
from tests.support.deal_life.world import World


class Couriers:
    """Acts of couriers and of the guard."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def guard(self) -> Actor:
        return self.world.town.one(Role.GUARD)

    def visits_of(self, courier: Actor) -> list[VisitView]:
        """The courier's visits that are not over."""
        found = self.world.ask("delivery", "my_visits", MyVisitsQuery(), courier)
        visits: list[VisitView] = found.visits
        return visits

    def come(self, courier: Actor, visit: VisitView, *, admitted: bool) -> None:
        """With the pass to the gate, and in."""
        world, town = self.world, self.world.town
        pass_ = self._pass(courier, visit.visit_id)
        if pass_ is None:
            return
        check = CheckPass(community_id=town.community_id, code=pass_.digits)
        seen = world.do(
            f"{courier.name} shows a pass",
            lambda: world.ask("delivery", "check_pass", check, self.guard),
        )
        if seen is None:
            return
        ids = {"visit_id": seen.visit_id, "gate_id": town.gate_id, "request_id": world.request()}
        if not admitted:
            no = RefuseVisit(**ids, reason="没有工牌")
            self._at_gate("refuse_visit", no)
        elif seen.state is VisitState.EXPECTED:
            self._at_gate("admit_visit", AdmitVisit(**ids))

    def leave(self, visit: VisitView) -> None:
        world = self.world
        command = LeaveVisit(
            request_id=world.request(), visit_id=visit.visit_id, gate_id=world.town.gate_id
        )
        self._at_gate("leave_visit", command)

    def bring(self, courier: Actor, visit: VisitView) -> None:
        """All that is left to be brought with this visit."""
        for drop in visit.drops:
            if drop.state is DropState.ASSIGNED:
                self.deliver(courier, drop.drop_id)

    def deliver(self, courier: Actor, drop_id: str) -> None:
        """To the door."""
        world = self.world
        command = DeliverDrop(request_id=world.request(), drop_id=drop_id)
        world.do(
            f"{courier.name} delivers {drop_id}",
            lambda: world.ask("delivery", "deliver_drop", command, courier),
        )

    def assigned(self) -> list[tuple[str, Actor]]:
        """Drops that wait, with their courier."""
        found = select(DropRow.drop_id, DropRow.courier_id).where(
            DropRow.state == DropState.ASSIGNED
        )
        rows = self.world.rows("delivery", found.order_by(DropRow.drop_id))
        return [(row.drop_id, self.world.town.couriers[row.courier_id]) for row in rows]

    def _pass(self, courier: Actor, visit_id: str) -> PassView | None:
        query = PassQuery(visit_id=visit_id)
        shown: PassView | None = self.world.do(
            f"{courier.name} asks for a pass",
            lambda: self.world.ask("delivery", "pass_for", query, courier),
        )
        return shown

    def _at_gate(self, method: str, command: AdmitVisit | RefuseVisit | LeaveVisit) -> None:
        self.world.do(
            f"{method} {command.visit_id}",
            lambda: self.world.ask("delivery", method, command, self.guard),
        )
