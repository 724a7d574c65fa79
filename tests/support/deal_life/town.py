"""Who lives and works in a life of deals, and what the shops sell."""

from dataclasses import dataclass, field

from services.contracts.catalog import Fulfilment, ItemKind, PutItem, SkuSpec
from services.contracts.identity import StoreBrief
from services.contracts.permissions import ROLE_PERMISSIONS, STAFF_ROLES, Role
from services.kernel.actor import Actor
from services.kernel.ids import derived_id

F, K = Fulfilment, ItemKind
HOUSEHOLDS = 3


@dataclass(frozen=True)
class Ware:
    """One item with one SKU."""

    name: str
    price_fen: int
    stock: int | None = None
    kind: ItemKind = K.GOODS
    ways: tuple[Fulfilment, ...] = ()
    minutes: int = 0
    seats: int = 1
    gift_fen: int = 0


SHELVES = (
    (
        Ware("豆浆", 300, 40),
        Ware("油条", 200, 9),
        Ware("包子", 150),
    ),
    (
        Ware("保洁", 8_000, None, K.SERVICE, (F.AT_HOME,), minutes=120),
        Ware("理发", 5_000, None, K.SERVICE, (F.IN_STORE, F.AT_HOME), minutes=60, seats=2),
        Ware("洗衣", 2_000, None, K.GOODS, (F.DELIVERY, F.PICKUP)),
    ),
    (
        Ware("苹果", 990, 15),
        Ware("现煮面", 1_800, 6, K.SERVICE, (F.IN_STORE,)),
        Ware("会员卡", 10_000, None, K.CARD_PLAN, gift_fen=1_000),
    ),
)


@dataclass
class Shop:
    """A store with its people."""

    brief: StoreBrief
    people: list[Actor]
    wares: dict[str, Ware] = field(default_factory=dict)
    """By SKU."""


class Town:
    """Three homes, three shops, two couriers, and the property's people; the owner of the last home
    keeps the last shop."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.community_id, self.building_id = self.id("community"), self.id("building")
        self.gate_id, self.promotion_id = self.id("gate"), self.id("promotion")
        self.households = [self.id("household", number) for number in range(HOUSEHOLDS)]
        self.homes = [self.id("home", number) for number in range(HOUSEHOLDS)]
        self.shops = [self._shop(number) for number in range(len(SHELVES))]
        self.residents = self._residents()
        self.staff = {role: [self._staff(role, n) for n in (0, 1)] for role in sorted(STAFF_ROLES)}
        self.couriers = {self.id("courier", n): self._courier(n) for n in (0, 1)}
        soy, apple = (next(iter(self.shops[number].wares)) for number in (0, 2))
        self.cheaper = {soy: "", apple: self.shops[2].brief.merchant_id}
        """SKUs with a promotion, and the merchant who pays for it."""

    def id(self, what: str, number: int | str = 0) -> str:
        """The id of somebody or something in this life."""
        return derived_id(what, self._key, str(number))

    def shop_of(self, store_id: str) -> Shop:
        return next(shop for shop in self.shops if shop.brief.store_id == store_id)

    def people_of(self, household_id: str) -> list[Actor]:
        return [one for one in self.residents if one.role_in(household_id)]

    def one(self, role: Role, number: int = 0) -> Actor:
        """A member of the property's staff."""
        return self.staff[role][number]

    def everybody(self) -> list[Actor]:
        """Whoever may try something."""
        working = [one for shop in self.shops for one in shop.people]
        staff = [one for several in self.staff.values() for one in several]
        return [*self.residents, *working, *self.couriers.values(), *staff]

    def items(self, shop: int) -> list[PutItem]:
        """What the shop puts on its shelf."""
        return [
            PutItem(
                request_id=f"put.{self.id('item', ware.name)}",
                item_id=self.id("item", ware.name),
                store_id=self.shops[shop].brief.store_id,
                category="日用",
                kind=ware.kind,
                name=ware.name,
                fulfilments=list(ware.ways),
                slot_minutes=ware.minutes,
                slot_capacity=ware.seats,
                skus=[
                    SkuSpec(
                        sku_id=sku_id,
                        price_fen=ware.price_fen,
                        stock=ware.stock,
                        gift_fen=ware.gift_fen,
                    )
                ],
            )
            for sku_id, ware in self.shops[shop].wares.items()
        ]

    def _shop(self, number: int) -> Shop:
        brief = StoreBrief(
            store_id=self.id("store", number),
            merchant_id=self.id("merchant", number),
            name=f"店{number}",
        )
        roles = (Role.SHOPKEEPER, Role.SHOP_HAND) if number == 0 else (Role.SHOPKEEPER,)
        groups = (brief.store_id, brief.merchant_id)
        people = [
            self._person(f"shop {number} {role}", dict.fromkeys(groups, role)) for role in roles
        ]
        wares = {self.id("sku", ware.name): ware for ware in SHELVES[number]}
        return Shop(brief, people, wares)

    def _residents(self) -> list[Actor]:
        first, second, third = self.households
        last = self.shops[-1].people[0]
        keeper = self._person(
            "both sides", {**dict.fromkeys(last.groups, Role.SHOPKEEPER), third: Role.OWNER}
        )
        self.shops[-1].people[0] = keeper
        return [
            self._person("owner", {first: Role.OWNER}),
            self._person("family", {first: Role.FAMILY}),
            self._person("tenant", {second: Role.TENANT}),
            keeper,
        ]

    def _person(self, name: str, groups: dict[str, Role]) -> Actor:
        granted = frozenset().union(*(ROLE_PERMISSIONS[role] for role in groups.values()))
        return Actor(
            account_id=self.id("account", name),
            name=name,
            permissions=granted,
            groups=dict(groups),
            communities=(self.community_id,),
        )

    def _staff(self, role: Role, number: int) -> Actor:
        return Actor(
            account_id=self.id("account", f"{role} {number}"),
            name=f"{role} {number}",
            roles=(role,),
            permissions=ROLE_PERMISSIONS[role],
            communities=(self.community_id,),
        )

    def _courier(self, number: int) -> Actor:
        return Actor(
            account_id=self.id("account", f"courier {number}"),
            name=f"courier {number}",
            roles=(Role.COURIER,),
            permissions=ROLE_PERMISSIONS[Role.COURIER],
        )
