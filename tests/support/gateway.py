"""A gateway without a broker: services that answer what a test told them, and a small world."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from gateway.app import create_app, make_parts
from gateway.backends import Backends
from gateway.console.dead_letters import Letter
from gateway.parts import EXTENSION
from gateway.settings import Settings
from services.contracts import catalog, delivery, identity, marketing, orders, settlement
from services.contracts.permissions import ROLE_PERMISSIONS, STAFF_ROLES, Role
from services.kernel import call, clock
from services.kernel.crypto import Sealer
from services.kernel.errors import Unavailable
from services.kernel.files import FileStore
from services.kernel.ids import derived_id
from services.kernel.rpc_client import Services
from services.kernel.wire import Event, Query, View

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TOKEN = "webhook-token"
APP_ID = "wx0123456789abcdef"
SESSION = "session-token-of-a-test"
ACTOR_TOKEN = "actor-token"
NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """One call as a service would have seen it."""

    name: str
    question: Query
    actor_token: str
    deadline_ms: int


@dataclass
class FakeServices:
    """`answers` maps `orders.order` to a view, an exception, or a function of the question."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __getattr__(self, service: str) -> Any:
        if service.startswith("_"):
            raise AttributeError(service)
        return _Service(self, service)

    def ask(self, name: str, question: Query, deadline_ms: int) -> View:
        """Note the call, then answer, raise, or be away."""
        self.asked.append(Asked(name, question, call.current().actor_token, deadline_ms))
        answer = self.answers.get(name, Unavailable(f"{name} is away"))
        if callable(answer):
            answer = answer(question)
        if isinstance(answer, Exception):
            raise answer
        return cast(View, answer)

    def questions(self, name: str) -> list[Any]:
        """What was asked under this name, in order."""
        return [one.question for one in self.asked if one.name == name]


@dataclass
class _Service:
    services: FakeServices
    name: str

    def __getattr__(self, method: str) -> Callable[..., View]:
        def ask(question: Query, *, answer: type[View], deadline_ms: int, **_: Any) -> View:
            return self.services.ask(f"{self.name}.{method}", question, deadline_ms)

        return ask


@dataclass
class FakeTeller:
    """Keeps the events; or fails as the broker does."""

    told: list[tuple[Event, str]] = field(default_factory=list)
    fails: bool = False

    def tell(self, event: Event, event_id: str) -> None:
        """Note it, unless the broker is away."""
        if self.fails:
            raise Unavailable("the broker is not connected", code="broker.unavailable")
        self.told.append((event, event_id))


@dataclass
class FakeLetters:
    """One dead letter, and what was done with it."""

    done: list[tuple[str, str, str]] = field(default_factory=list)

    def all(self) -> list[Letter]:
        """The one."""
        return [Letter("orders", "letter-1", "payment.received", NOW, 4, "boom", "{}")]

    def replay(self, service: str, message_id: str) -> int:
        """Note it; there is only letter-1."""
        self.done.append(("replay", service, message_id))
        return int(message_id == "letter-1")

    def discard(self, service: str, message_id: str) -> int:
        """Note it."""
        self.done.append(("discard", service, message_id))
        return int(message_id == "letter-1")


@dataclass
class World:
    """One gateway with everything around it."""

    app: Flask
    services: FakeServices
    teller: FakeTeller
    files: FileStore

    def client(self, *, signed_in: bool = False) -> FlaskClient:
        """A browser; with the session's cookie when signed in."""
        client = self.app.test_client()
        if signed_in:
            client.set_cookie("linli_session", SESSION)
            client.set_cookie("linli_browser", "browser-of-a-test")
        return client


def settings(folder: Path, **changed: Any) -> Settings:
    """Made-up settings with files under `folder`."""
    values: dict[str, Any] = {
        "amqp_url": "amqp://unused",
        "secret_key": "s" * 32,
        "files_url": f"file://{folder}",
        "property_phone": "0571-8888",
    }
    return Settings(**{**values, **changed})


def make_world(folder: Path, **changed: Any) -> World:
    """A gateway whose services know a session, a resident, a shop, and one order."""
    app = create_app(*collaborators(settings(folder, **changed)))
    app.testing = True
    return world_of(app)


def collaborators(chosen: Settings) -> tuple[Any, ...]:
    """What create_app takes, all of it made up."""
    store = FileStore(chosen.files_url, Sealer("k1:" + base64.b64encode(b"d" * 32).decode()))
    backends = Backends(cast(Services, FakeServices(dict(known_world()))))
    return chosen, backends, store, FakeTeller(), list, FakeLetters()


def world_of(app: Flask) -> World:
    """The collaborators that an app works with."""
    parts = app.extensions[EXTENSION]
    return World(app, parts.backends.services, parts.teller, parts.files)


def renew(app: Flask, folder: Path) -> World:
    """A new world around an app that is made already: making one takes a while."""
    app.extensions[EXTENSION] = make_parts(*collaborators(settings(folder)))
    return world_of(app)


ACCOUNT, HOUSEHOLD, STORE, MERCHANT = (
    derived_id("ACCOUNT"),
    derived_id("HOUSEHOLD"),
    derived_id("STORE"),
    derived_id("MERCHANT"),
)
COMMUNITY, BUILDING, HOME, GATE = (
    derived_id("COMMUNITY"),
    derived_id("BUILDING"),
    derived_id("HOME"),
    derived_id("GATE"),
)
ORDER, PAYMENT, SKU, ITEM = (
    derived_id("ORDER"),
    derived_id("PAYMENT"),
    derived_id("SKU"),
    derived_id("ITEM"),
)
VISIT, DROP, COURIER = (derived_id("VISIT"), derived_id("DROP"), derived_id("COURIER"))


def me(*roles: Role) -> identity.MeView:
    """Somebody with these roles: an owner by default."""
    roles = roles or (Role.OWNER,)
    permissions = sorted({p for role in roles for p in ROLE_PERMISSIONS[role]})
    staff = [role for role in roles if role in STAFF_ROLES]
    home = identity.HouseholdMembership(
        household_id=HOUSEHOLD,
        role=Role.OWNER,
        home_id=HOME,
        community_id=COMMUNITY,
        community_name="翠湖苑",
        building_id=BUILDING,
        address="翠湖苑 3号楼2单元501",
        certification=identity.Certification.CERTIFIED,
    )
    shop = identity.StoreMembership(
        store_id=STORE, store_name="老陈早餐", merchant_id=MERCHANT, role=Role.SHOPKEEPER
    )
    return identity.MeView(
        account_id=ACCOUNT,
        name="张小明",
        households=[home] if Role.OWNER in roles else [],
        stores=[shop] if Role.SHOPKEEPER in roles else [],
        staff_roles=staff,
        communities=[COMMUNITY],
        permissions=permissions,
        is_courier=Role.COURIER in roles,
    )


def order(state: orders.OrderState, *may: str, **changed: Any) -> orders.OrderView:
    """The order, in a state, with what may be done next."""
    values: dict[str, Any] = {
        "order_id": ORDER,
        "number": "#0317",
        "payment_id": PAYMENT,
        "household_id": HOUSEHOLD,
        "store_id": STORE,
        "store_name": "老陈早餐",
        "state": state,
        "amount_fen": 1400,
        "summary": "豆浆×2 油条×4",
        "address": "3号楼2单元501",
        "placed_at": NOW,
        "merchant_id": MERCHANT,
        "community_id": COMMUNITY,
        "home_id": HOME,
        "building_id": BUILDING,
        "contact_name": "张小明",
        "lines": [
            orders.OrderLineView(
                sku_id=SKU,
                item_id=ITEM,
                item_name="豆浆",
                quantity=2,
                price_fen=300,
                amount_fen=600,
            )
        ],
        "timeline": [orders.TimelineEntry(at=NOW, step="placed", party=orders.Party.RESIDENT)],
        "may": list(may),
    }
    return orders.OrderView(**{**values, **changed})


def payment(state: settlement.PaymentState) -> settlement.PaymentView:
    """The payment of the order."""
    return settlement.PaymentView(
        payment_id=PAYMENT,
        household_id=HOUSEHOLD,
        state=state,
        amount_fen=1400,
        subject="老陈早餐",
        pay_before=NOW + timedelta(minutes=15),
        allocations=[settlement.Allocation(order_id=ORDER, merchant_id=MERCHANT, amount_fen=1400)],
    )


def visit(state: delivery.VisitState) -> delivery.VisitView:
    """The courier's coming, with one drop."""
    drop = delivery.DropView(
        drop_id=DROP,
        visit_id=VISIT,
        order_id=ORDER,
        order_number="#0317",
        store_name="老陈早餐",
        address="3号楼2单元501",
        state=delivery.DropState.ASSIGNED,
    )
    return delivery.VisitView(
        visit_id=VISIT,
        courier_id=COURIER,
        courier_name="张师傅",
        community_id=COMMUNITY,
        state=state,
        expected_from=NOW,
        expected_until=NOW + timedelta(hours=1),
        drops=[drop],
    )


def page(*items: Any) -> Any:
    """One page of an answer."""
    from services.kernel.wire import Page

    return Page[Any](items=list(items))


def known_world() -> dict[str, Any]:
    """What the services answer unless a test says otherwise."""
    store = identity.StoreView(
        store_id=STORE,
        merchant_id=MERCHANT,
        name="老陈早餐",
        kind=identity.StoreKind.FOOD,
        certification=identity.Certification.CERTIFIED,
        community_ids=[COMMUNITY],
    )
    gate = identity.GateView(gate_id=GATE, community_id=COMMUNITY, name="东门")
    community = identity.CommunityView(community_id=COMMUNITY, name="翠湖苑", gates=[gate])
    item = catalog.ItemView(
        item_id=ITEM,
        store_id=STORE,
        category="早餐",
        kind=catalog.ItemKind.GOODS,
        name="豆浆",
        on_shelf=True,
        skus=[catalog.SkuView(sku_id=SKU, name="", price_fen=300, stock=9)],
    )
    line = catalog.SkuLine(
        sku_id=SKU,
        item_id=ITEM,
        store_id=STORE,
        item_name="豆浆",
        sku_name="",
        price_fen=300,
        stock=9,
        on_shelf=True,
    )
    waiting = order(orders.OrderState.AWAITING_CONFIRMATION, "confirm", "cancel")
    placed = orders.PlacedView(
        payment_id=PAYMENT,
        amount_fen=1400,
        pay_before=NOW + timedelta(minutes=15),
        orders=[waiting],
    )
    account = marketing.WechatAccountView(
        app_id=APP_ID,
        name="邻里",
        token=TOKEN,
        aes_key=AES_KEY,
        oauth_base_url="https://open.weixin.qq.com",
    )
    fund = settlement.FundView(
        owner_kind=settlement.OwnerKind.MERCHANT, owner_id=MERCHANT, balance_fen=5, lines=[]
    )
    return {
        "identity.actor_token": lambda question: actor_token(question.session_token),
        "identity.me": me(),
        "identity.communities": identity.CommunitiesView(communities=[community]),
        "identity.community": community,
        "identity.store": store,
        "identity.stores": page(store),
        "identity.stores_by_id": page(store),
        "identity.merchants": page(),
        "identity.sign_in_staff": session(),
        "identity.sign_in_with_wechat": session(),
        "identity.end_session": identity_done(),
        "catalog.items": page(item),
        "catalog.item": item,
        "catalog.skus": catalog.SkuLinesView(lines=[line]),
        "catalog.set_stock": item.skus[0],
        "orders.place_orders": placed,
        "orders.order": waiting,
        "orders.household_orders": page(waiting),
        "orders.store_orders": page(waiting),
        "orders.all_orders": page(waiting),
        "orders.counts": orders.StateCounts(counts={}),
        "orders.desk": orders.DeskView(stamp="1", counts={}, troubles={}, late=0),
        "settlement.payment": payment(settlement.PaymentState.OPEN),
        "settlement.fund": fund,
        "settlement.receive_notice": settlement.NoticeView(),
        "delivery.my_visits": delivery.VisitsView(visits=[visit(delivery.VisitState.EXPECTED)]),
        "delivery.visit": visit(delivery.VisitState.EXPECTED),
        "delivery.gate_log": page(visit(delivery.VisitState.INSIDE)),
        "delivery.couriers": delivery.CouriersView(couriers=[]),
        "delivery.check_pass": visit(delivery.VisitState.EXPECTED),
        "delivery.pass_for": delivery.PassView(
            visit_id=VISIT, token="t" * 40, digits="123456", expires_at=NOW + timedelta(hours=1)
        ),
        "marketing.wechat_account": account,
        "marketing.exchange_code": marketing.OpenidView(app_id=APP_ID, openid="openid-1"),
        "marketing.answer_text": marketing.ReplyView(text="豆浆在老陈早餐"),
    }


def actor_token(session_token: str) -> Any:
    """The token of the one known session; UnknownSession for the others."""
    if session_token != SESSION:
        return identity.UnknownSession()
    return identity.ActorTokenView(
        token=ACTOR_TOKEN, expires_at=clock.now() + timedelta(seconds=60)
    )


def session() -> identity.SessionView:
    """A fresh session."""
    return identity.SessionView(
        session_token=SESSION, account_id=ACCOUNT, expires_at=clock.now() + timedelta(days=1)
    )


def identity_done() -> Any:
    """Nothing more to say."""
    from services.kernel.wire import Done

    return Done()


def jpeg(width: int = 80, height: int = 60, **saved: Any) -> bytes:
    """A small photo."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG", **saved)
    return out.getvalue()
