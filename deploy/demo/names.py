"""A believable community as plain data: who lives, sells, delivers and works in 翠湖苑.

Nothing here is random: the same call gives the same people, so that a demo can be told twice.
Every phone number is of the range 1380001xxxx and belongs to nobody here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deploy.demo.shops import SHOPS


def _fen(yuan: str) -> int:
    """Yuan as fen. The launcher reads names before any package is installed, so no earlier."""
    from services.kernel.money import from_yuan

    return from_yuan(yuan)


SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
OWNER_NAMES = (
    "桂兰建国秀英志强玉梅德福淑珍卫东丽华永康凤英国庆美玲长林春花"
    "文斌晓燕海涛雪梅振华红霞立新金凤学军慧敏大伟爱华家宝静怡明远"
)
FAMILY_NAMES = "小明婷婷浩然雨欣子轩佳怡俊杰思远梦琪宇航晨曦嘉豪欣妍一诺天佑若曦博文诗涵泽宇紫萱"
"""Given names of two characters each, one after another."""
BUILDINGS = ((1, 0, 0), (2, 60, 10), (3, 120, 0), (5, 40, 90), (6, 110, 95))
"""Number and place on the plan in metres; like many estates this one has no number 4."""
UNITS = 2
FLOORS = 3
DOORS = 2
PHONE_FIRST = 13800010000


@dataclass(frozen=True)
class Member:
    """One person of a household; `role` is owner, family or tenant."""

    key: str
    name: str
    phone: str
    role: str


@dataclass(frozen=True)
class Household:
    """A home with the people who live there as one."""

    key: str
    building: int
    unit: str
    door: str
    members: tuple[Member, ...]

    @property
    def address(self) -> str:
        """`3号楼2单元501`."""
        return f"{self.building}号楼{self.unit}单元{self.door}"


@dataclass(frozen=True)
class Good:
    """One thing or service on the shelf; skus are (name, price in fen, stock or None)."""

    key: str
    name: str
    description: str
    category: str
    kind: str
    skus: tuple[tuple[str, int, int | None], ...]
    gift_fen: int = 0
    """Of a prepaid card: what the shop promises on top of its price."""


@dataclass(frozen=True)
class Shop:
    """A merchant with one store; `building` is set for those who trade from home."""

    key: str
    name: str
    kind: str
    description: str
    address: str
    phone: str
    keeper: Member
    x_m: int
    y_m: int
    building: int | None
    goods: tuple[Good, ...]
    couriers: tuple[Courier, ...] = ()


@dataclass(frozen=True)
class Courier:
    """Someone who brings things for a shop."""

    key: str
    name: str
    phone: str


@dataclass(frozen=True)
class Staff:
    """One of the property's people; `role` is a role of permissions.Role."""

    key: str
    name: str
    username: str
    phone: str
    role: str


@dataclass(frozen=True)
class Community:
    """Everything above, together."""

    key: str = "cuihu"
    name: str = "翠湖苑"
    address: str = "翠湖路8号"
    service_phone: str = "4000000808"
    property_name: str = "翠湖苑物业"
    gates: tuple[str, ...] = ("东门", "南门", "西门", "北门")
    buildings: tuple[tuple[int, int, int], ...] = BUILDINGS
    households: tuple[Household, ...] = ()
    shops: tuple[Shop, ...] = ()
    staff: tuple[Staff, ...] = field(default=())


def phone(number: int) -> str:
    """The demo's n-th phone number."""
    return str(PHONE_FIRST + number)


def given_name(names: str, number: int) -> str:
    """The n-th name of a row of two-character names, from the start again after the last."""
    start = number * 2 % len(names)
    return names[start : start + 2]


def homes() -> list[tuple[int, str, str]]:
    """(building, unit, door) of the 60 homes: two units of three floors with two doors each."""
    return [
        (building, str(unit), f"{floor * 2 - 1}0{door}")
        for building, _, _ in BUILDINGS
        for unit in range(1, UNITS + 1)
        for floor in range(1, FLOORS + 1)
        for door in range(1, DOORS + 1)
    ]


def household(index: int, building: int, unit: str, door: str) -> Household:
    """The people of the index-th home: an owner, and up to three more who share the surname."""
    key = f"household-{index:02d}"
    surname = SURNAMES[index % len(SURNAMES)]
    owner_role = "tenant" if index % 11 == 10 else "owner"
    given = [given_name(OWNER_NAMES, index)]
    given += [given_name(FAMILY_NAMES, index * 3 + n) for n in range(index % 4)]
    members = tuple(
        Member(
            key=f"{key}-{n}",
            name=surname + name,
            phone=phone(1000 + index * 10 + n),
            role=owner_role if n == 0 else "family",
        )
        for n, name in enumerate(given)
    )
    return Household(key=key, building=building, unit=unit, door=door, members=members)


def shop(index: int) -> Shop:
    """The index-th shop with its goods, its keeper and its couriers."""
    name, kind, description, place, keeper, courier_names, goods = SHOPS[index]
    key = f"shop-{index:02d}"
    building = BUILDINGS[index % len(BUILDINGS)][0] if place.startswith("家住") else None
    spot = next((x, y) for number, x, y in BUILDINGS if number == building) if building else None
    x_m, y_m = spot or (20 + index * 23 % 260, -40 - index * 17 % 120)
    return Shop(
        key=key,
        name=name,
        kind=kind,
        description=description,
        address=f"{building}号楼1单元101" if building else place,
        phone=phone(100 + index),
        keeper=Member(f"{key}-keeper", keeper, phone(100 + index), "shopkeeper"),
        x_m=x_m,
        y_m=y_m,
        building=building,
        goods=tuple(good(key, n, row) for n, row in enumerate(goods)),
        couriers=tuple(
            Courier(f"{key}-courier-{n}", who, phone(300 + index * 5 + n))
            for n, who in enumerate(courier_names)
        ),
    )


def good(shop_key: str, number: int, row: str) -> Good:
    """A row of the shop list: `category|name|description|choice:yuan:stock …`.

    A service is told by its stock `-` (unlimited): nobody counts pieces of work. A prepaid card is
    told by its gift: `:300.00:-:30.00`.
    """
    category, name, description, choices = row.split("|")
    key = f"{shop_key}-good-{number}"
    if choices.count(":") == 3:
        plan, _, gift = choices.rpartition(":")
        return Good(key, name, description, category, "card_plan", (sku(plan),), _fen(gift))
    skus = tuple(sku(choice) for choice in choices.split())
    kind = "service" if all(stock is None for _, _, stock in skus) else "goods"
    return Good(key, name, description, category, kind, skus)


def sku(text: str) -> tuple[str, int, int | None]:
    """`大杯:3.00:40` as ("大杯", 300, 40)."""
    name, yuan, stock = text.split(":")
    return name, _fen(yuan), None if stock == "-" else int(stock)


STAFF = (
    ("clerk", "苏婉", "kefu", "clerk"),
    ("building-manager", "方志明", "louguan", "building_manager"),
    ("guard-east", "雷大勇", "menwei1", "guard"),
    ("guard-south", "孟庆山", "menwei2", "guard"),
    ("cashier", "顾晓琳", "chuna", "cashier"),
    ("mediator", "石文静", "tiaojie", "mediator"),
    ("manager", "周立群", "jingli", "manager"),
    ("accountant", "潘秋月", "kuaiji", "accountant"),
)


def community() -> Community:
    """翠湖苑 with everybody in it."""
    return Community(
        households=tuple(household(i, *home) for i, home in enumerate(homes())),
        shops=tuple(shop(i) for i in range(len(SHOPS))),
        staff=tuple(
            Staff(f"staff-{key}", name, username, phone(50 + n), role)
            for n, (key, name, username, role) in enumerate(STAFF)
        ),
    )
