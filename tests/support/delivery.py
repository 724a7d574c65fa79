"""A community with a courier, a shop and guards to test with, and an identity that answers."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.contracts.delivery import AssignDrop, CourierView, RegisterCourier
from services.contracts.identity import (
    AccountBrief,
    CommunityQuery,
    CommunityView,
    CourierCheckQuery,
    GateView,
    MarkCourier,
)
from services.contracts.orders import OrderCancelled
from services.contracts.permissions import ROLE_PERMISSIONS, Role
from services.delivery.domain.passes import PassSigner
from services.delivery.gates import Gate
from services.delivery.settings import Settings
from services.delivery.tables import DropRow
from services.delivery.use_cases.couriers import register_courier
from services.kernel.actor import Actor
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.kernel.errors import LinliError
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX
from services.kernel.wire import Done

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
PASS_KEY = base64.b64encode(b"p" * 32).decode()
SETTINGS = Settings(
    database_url="mysql+pymysql://unused",
    amqp_url="amqp://unused",
    actor_public_key="unused",
    pass_key=PASS_KEY,
    visit_window_s=3600,
    overstay_after_s=1800,
    wrong_codes_max=3,
    wrong_codes_pause_s=60,
)
SIGNER = PassSigner(PASS_KEY)
COMMUNITY, OTHER_COMMUNITY = new_id(), new_id()
STORE, OTHER_STORE = new_id(), new_id()
EAST = Gate(new_id(), "东门")


def after(seconds: float) -> datetime:
    """A moment so many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def files_in(folder: Any) -> FileStore:
    """Files in a folder, sealed with a made-up key."""
    sealer = Sealer("k1:" + base64.b64encode(b"d" * 32).decode())
    return FileStore(f"file://{folder}", sealer)


def actor(role: Role, *, groups: dict[str, str] | None = None, **fields: Any) -> Actor:
    """Somebody with a role and what it permits."""
    return Actor(
        account_id=fields.pop("account_id", new_id()),
        roles=(role,),
        permissions=frozenset(ROLE_PERMISSIONS[role]),
        groups=groups or {},
        **fields,
    )


def shopkeeper(store_id: str = STORE) -> Actor:
    """Who runs the store."""
    return actor(Role.SHOPKEEPER, groups={store_id: Role.SHOPKEEPER}, communities=(COMMUNITY,))


def guard(community_id: str = COMMUNITY) -> Actor:
    """A guard of the community."""
    return actor(Role.GUARD, communities=(community_id,), name="王门岗")


def courier_actor(account_id: str) -> Actor:
    """The courier who is this account."""
    return actor(Role.COURIER, account_id=account_id, name="张师傅")


class FakeIdentity:
    """identity as delivery calls it; `fails_with` is raised once for each error in it."""

    def __init__(self) -> None:
        self.marked: list[MarkCourier] = []
        self.asked_for_gates = 0
        self.fails_with: list[LinliError] = []

    def _fail(self) -> None:
        if self.fails_with:
            raise self.fails_with.pop(0)

    def account_brief(self, query: CourierCheckQuery, **_: Any) -> AccountBrief:
        return AccountBrief(account_id=query.account_id, name="张师傅", phone_masked="138****5678")

    def mark_courier(self, command: MarkCourier, **_: Any) -> Done:
        self._fail()
        self.marked.append(command)
        return Done()

    def community(self, query: CommunityQuery, **_: Any) -> CommunityView:
        self._fail()
        self.asked_for_gates += 1
        gate = GateView(gate_id=EAST.gate_id, community_id=query.community_id, name=EAST.name)
        return CommunityView(community_id=query.community_id, name="翠湖苑", gates=[gate])


class FakeServices:
    """The services that delivery may call."""

    def __init__(self) -> None:
        self.identity = FakeIdentity()


def registration(**fields: Any) -> RegisterCourier:
    """A command that registers a courier of STORE who comes to COMMUNITY."""
    values: dict[str, Any] = {
        "request_id": new_id(),
        "courier_id": new_id(),
        "account_id": new_id(),
        "store_ids": [STORE],
        "community_ids": [COMMUNITY],
        "name": "张师傅",
        "phone": "13812345678",
    }
    return RegisterCourier(**(values | fields))


def registered(db: Database, files: FileStore, **fields: Any) -> tuple[CourierView, Actor]:
    """A registered courier, and the actor who it is."""
    command = registration(**fields)
    staff = actor(Role.CLERK, communities=tuple(command.community_ids))
    view = register_courier(db, FakeServices(), files, command, staff, NOW)
    return view, courier_actor(command.account_id)


def assignment(courier_id: str, **fields: Any) -> AssignDrop:
    """A command that hands an order of STORE for a door in COMMUNITY to the courier."""
    values: dict[str, Any] = {
        "request_id": new_id(),
        "drop_id": new_id(),
        "order_id": new_id(),
        "order_number": "#0317",
        "courier_id": courier_id,
        "store_id": STORE,
        "store_name": "老陈早餐",
        "household_id": new_id(),
        "home_id": new_id(),
        "community_id": COMMUNITY,
        "address": "翠湖苑3号楼2单元501",
        "summary": "豆浆×2",
    }
    return AssignDrop(**(values | fields))


def cancelled(order_id: str) -> OrderCancelled:
    """The tidings that a paid order is off."""
    ids = ("payment_id", "household_id", "merchant_id", "store_id", "community_id", "placed_by")
    return OrderCancelled(
        **{name: new_id() for name in ids},
        aggregate_id=order_id,
        number="#0317",
        store_name="老陈早餐",
        amount_fen=900,
        reservation_id=new_id(),
        paid=True,
    )


def drop_state(db: Database, drop_id: str) -> str:
    """The state that the table holds."""
    with db.reading() as tx:
        return str(tx.scalar(select(DropRow.state).where(DropRow.drop_id == drop_id)))


def told(db: Database) -> list[str]:
    """The names of the events in the outbox, in order."""
    with db.reading() as tx:
        return [row.name for row in tx.all(select(OUTBOX.c.name).order_by(OUTBOX.c.id))]


def digits_other_than(digits: str) -> str:
    """Six digits that are not these."""
    return f"{(int(digits) + 1) % 10**6:06d}"
