"""The world of one life of deals: its services, its clock, and how acts are done, lost and die."""

import base64
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from services.catalog.service import CatalogService
from services.catalog.settings import Settings as CatalogSettings
from services.contracts.delivery import RegisterCourier
from services.contracts.permissions import Role
from services.contracts.settlement import Channel
from services.delivery.service import DeliveryService, Extras
from services.delivery.settings import Settings as DeliverySettings
from services.kernel import failpoints
from services.kernel.actor import Actor
from services.kernel.errors import LinliError, Refused, Unavailable
from services.kernel.files import FileStore
from services.kernel.ids import derived_id
from services.kernel.wire import Query
from services.orders.sagas.kinds import KINDS
from services.orders.service import OrdersService
from services.orders.settings import Settings as OrdersSettings
from services.settlement.service import SettlementService
from services.settlement.settings import Settings as SettlementSettings
from tests.support.deal_life.fate import StandingClock
from tests.support.deal_life.house import House
from tests.support.deal_life.lines import Lines, Trouble
from tests.support.deal_life.post import Post
from tests.support.deal_life.stand_ins import Identity, Marketing
from tests.support.deal_life.town import Town
from tests.support.frail_database import BrokenOff, FrailDatabase
from tests.support.life.channels import LivingChannel
from tests.support.servers import empty_all_tables
from tests.support.settlement import Books

SERVICES = ("orders", "catalog", "settlement", "delivery")
AGAIN_MAX = 20
"""So many of the last acts may be done once more."""
_NEEDED = {"database_url": "-", "amqp_url": "-", "actor_public_key": "-"}
_WECHAT = {
    "wechatpay_mchid": "1900000001",
    "wechatpay_app_id": "wx0000000000000001",
    "wechatpay_merchant_key": "-",
    "wechatpay_merchant_serial": "-",
    "wechatpay_public_key": "-",
    "wechatpay_public_key_id": "PUB_KEY_ID_1",
    "wechatpay_apiv3_key": "k" * 32,
    "wechatpay_notify_url": "-",
}
REFUND_TRY_MAX = 3
_PASS_KEY = base64.b64encode(b"p" * 32).decode()
SETTLEMENT_JOBS = ("poll_payments", "run_refunds", "settle_due", "close_stragglers")
"""Of settlement's many jobs those that orders need; the others have lives of their own."""
NEVER_REFUSED = {
    "orders.not_yours",
    "orders.wrong_state",
    "orders.in_trouble",
    "orders.wrong_case_state",
    "orders.wrong_dispute_state",
    "request.forbidden",
}
"""Codes that nobody gets for an act that `may` has just named."""


class World:
    """What everybody in one life shares; what was done is written into `story`."""

    def __init__(self, dbs: Mapping[str, FrailDatabase], clock: StandingClock, seed: int) -> None:
        for db in dbs.values():
            empty_all_tables(db)
        self.dbs, self.clock, self.key = dbs, clock, str(seed)
        self.town, self.trouble = Town(self.key), Trouble()
        self.channel = LivingChannel(pays_after_close=True)
        self.books = Books(dbs["settlement"], self.channel)
        self.houses = self._houses()
        self.post = Post(self.houses, random.Random(f"post of {seed}"))
        self.story: list[str] = []
        self.alarms: list[str] = []
        """What no service may ever answer."""
        self.given_by_hand: set[str] = set()
        """Orders of which a cashier may have given a part back."""
        self._numbers = 0
        self._unfinished: list[tuple[str, Callable[[], object]]] = []
        self._done: list[tuple[str, Callable[[], object]]] = []
        self._open_shops()

    def _houses(self) -> dict[str, House]:
        stand_ins: dict[str, Any] = {
            "identity": Identity(self.town),
            "marketing": Marketing(self.town),
        }
        houses: dict[str, Any] = dict(stand_ins)
        made: dict[str, tuple[type[Any], Any, Any]] = {
            "orders": (OrdersService, OrdersSettings(**_NEEDED), None),
            "catalog": (CatalogService, CatalogSettings(**_NEEDED), None),
            "settlement": (
                SettlementService,
                SettlementSettings(**_NEEDED, **_WECHAT, refund_try_max=REFUND_TRY_MAX),
                SimpleNamespace(channels={Channel.WECHAT: self.channel}),
            ),
        }
        delivering = DeliverySettings(**_NEEDED, pass_key=_PASS_KEY)
        extras = Extras(delivering, self.dbs["delivery"])
        made["delivery"] = (DeliveryService, delivering, extras)
        for name, (service, settings, more) in made.items():
            houses[name] = House(
                service,
                self.dbs[name],
                services=Lines(name, houses, self.trouble),
                settings=settings,
                files=FileStore("memory://deal-life", None),
                extras=more,
            )
        return {name: houses[name] for name in SERVICES}

    def _open_shops(self) -> None:
        for number, shop in enumerate(self.town.shops):
            for item in self.town.items(number):
                self.ask("catalog", "put_item", item, shop.people[0])
        everywhere = [shop.brief.store_id for shop in self.town.shops]
        for number, (courier_id, courier) in enumerate(self.town.couriers.items()):
            command = RegisterCourier(
                request_id=self.request(),
                courier_id=courier_id,
                account_id=courier.account_id,
                store_ids=everywhere if number == 0 else everywhere[:1],
                community_ids=[self.town.community_id],
                name=courier.name,
                phone=f"1381234567{number}",
            )
            self.ask("delivery", "register_courier", command, self.town.one(Role.CLERK))

    # who and when

    @property
    def now(self) -> datetime:
        return self.clock.time

    def request(self) -> str:
        """A request id of its own for each wish."""
        self._numbers += 1
        return derived_id("request", self.key, str(self._numbers))

    def time_passes(self, seconds: float) -> None:
        """Nobody does anything."""
        self.clock.moves(seconds)
        self.channel.now = self.books.now = self.now
        self.story.append(f"it is {self.now:%d %H:%M:%S}")

    def ask(self, service: str, method: str, command: Query, actor: Actor | None = None) -> Any:
        """Somebody asks a service through the gateway."""
        return self.houses[service].ask(method, command, actor)

    def can(self, service: str, method: str) -> bool:
        """True when the service has such a door."""
        return method in self.houses[service].doors

    # how acts are done

    def do(self, what: str, act: Callable[[], Any], *, promised: bool = False) -> Any:
        """What it answered; None when it was refused, got lost, or the process died of it.

        `promised`: the page has just offered it, so that the state cannot be against it.
        """
        try:
            answer = act()
        except Refused as refusal:
            self.story.append(f"{what}: {refusal.code} {refusal} {refusal.fields or ''}")
            if promised and refusal.code in NEVER_REFUSED:
                self.alarms.append(f"offered and refused: {self.story[-1]}")
            return None
        except (Unavailable, failpoints.FailpointError, BrokenOff) as death:
            self.story.append(f"{what}: no answer, {type(death).__name__} {death}")
            self._unfinished.append((what, act))
            return None
        except LinliError as broken:
            self.story.append(f"{what}: {broken.code} {broken}")
            self.alarms.append(self.story[-1])
            return None
        self.story.append(what)
        self._done.append((what, act))
        del self._done[:-AGAIN_MAX]
        return answer

    def once_more(self, which: int) -> None:
        """A second tap."""
        if self._done:
            what, act = self._done[which % len(self._done)]
            self.do(f"once more: {what}", act)

    def ask_again(self) -> None:
        """Whoever got no answer asks again, with the same request id."""
        waiting, self._unfinished = self._unfinished, []
        for what, act in waiting:
            self.do(f"again: {what}", act)

    def jobs_run(self) -> None:
        """What the services do by themselves; what dies goes on at its next run."""
        for name, house in self.houses.items():
            for job, run in house.jobs.items():
                if name != "settlement" or job in SETTLEMENT_JOBS:
                    self._job(f"{name}.{job}", run)

    def _job(self, what: str, run: Callable[[], object]) -> None:
        try:
            run()
        except (failpoints.FailpointError, BrokenOff, Unavailable) as death:
            self.story.append(f"{what}: dies, {type(death).__name__} {death}")

    def post_comes(self, most: int) -> None:
        """Relays tell, and so many events arrive."""
        try:
            self.post.collect(self.now)
            brought = self.post.deliver(self.now, most)
        except BrokenOff:
            return
        if brought:
            self.story.append(f"{brought} events arrive")

    def dies_at(self, failpoint: str) -> None:
        """A process will die at a failpoint's next hit, between transactions."""
        self.story.append(f"to die at {failpoint}")
        failpoints.arm(f"{failpoint}=error@1")

    def breaks_off(self, service: str, after: int) -> None:
        """A process will die after so many more statements or commits."""
        self.story.append(f"{service} to die after {after} statements")
        self.dbs[service].dies_in = after

    def nobody_dies(self) -> None:
        """No death and no lost call is planned any more."""
        failpoints.arm("")
        self.trouble.in_calls = None
        for db in self.dbs.values():
            db.dies_in = None

    # what there is

    def rows(self, service: str, statement: Any) -> list[Any]:
        """A look into a database."""
        with self.dbs[service].reading() as tx:
            return tx.all(statement)


def with_steps(named: Sequence[str]) -> list[str]:
    """These failpoints, and those at every step of every saga and at its undo."""
    steps = [f"orders.{kind}.{step.name}" for kind, all_ in KINDS.items() for step in all_.steps]
    return [*named, *steps, *(f"{step}.undo" for step in steps)]
