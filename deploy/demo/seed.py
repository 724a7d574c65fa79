"""Fills an installation with the demo community, through the same commands that staff use.

Every id is derived from a name and every request_id from the id: seeding again changes nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from deploy.demo import names, pictures
from deploy.demo.connection import Desk, demo_id, openid_of
from deploy.demo.ways import ways_of
from services.contracts import catalog, delivery, identity
from services.contracts.permissions import Role
from services.kernel import clock
from services.kernel.files import FileStore, NoSuchFile
from services.kernel.wire import Command, View

EVIDENCE = "产权证与身份证原件已核对"


class Seeding:
    """One run; `said` hears about progress."""

    def __init__(
        self, desk: Desk, files: FileStore, app_id: str, password: str, said: Callable[[str], None]
    ) -> None:
        self._desk, self._files, self._app_id = desk, files, app_id
        self._password, self._said = password, said
        self._town = names.community()
        self._community_id = demo_id(self._town.key)
        # The same moment however often this runs within a year, and a request_id for each year.
        self._until = datetime(clock.now().year + 1, 12, 31, 15, 59, 59, tzinfo=UTC)

    def run(self) -> None:
        """Everything, in the order in which one thing needs another."""
        for step in (
            self._places,
            self._staff,
            self._households,
            self._merchants,
            self._shelves,
            self._couriers,
        ):
            self._said(step.__name__.strip("_"))
            step()

    def _do(self, service: str, method: str, command: Command, answer: type[View]) -> None:
        self._desk.ask(service, method, command, answer)

    def _places(self) -> None:
        town = self._town
        self._do(
            "identity",
            "register_community",
            identity.RegisterCommunity(
                request_id=f"demo:{self._community_id}",
                community_id=self._community_id,
                name=town.name,
                address=town.address,
                service_phone=town.service_phone,
            ),
            identity.Registered,
        )
        for gate in town.gates:
            gate_id = demo_id("gate", gate)
            command = identity.RegisterGate(
                request_id=f"demo:{gate_id}",
                gate_id=gate_id,
                community_id=self._community_id,
                name=gate,
            )
            self._do("identity", "register_gate", command, identity.Registered)
        for number, x_m, y_m in town.buildings:
            self._building(number, x_m, y_m)
        self._desk.renew()  # the manager looks after the new community as well

    def _building(self, number: int, x_m: int, y_m: int) -> None:
        building_id = demo_id("building", str(number))
        homes = [
            identity.HomeSpec(home_id=home_id(building, unit, door), unit=unit, door=door)
            for building, unit, door in names.homes()
            if building == number
        ]
        command = identity.RegisterBuilding(
            request_id=f"demo:{building_id}",
            building_id=building_id,
            community_id=self._community_id,
            name=f"{number}号楼",
            x_m=x_m,
            y_m=y_m,
            homes=homes,
        )
        self._do("identity", "register_building", command, identity.Registered)

    def _staff(self) -> None:
        for person in self._town.staff:
            account_id = demo_id(person.key)
            command = identity.RegisterStaff(
                request_id=f"demo:{account_id}",
                account_id=account_id,
                name=person.name,
                phone=person.phone,
                username=person.username,
                password=self._password,
                roles=[Role(person.role)],
                community_ids=[self._community_id],
                app_id=self._app_id,
                openid=openid_of(person.key),
            )
            self._do("identity", "register_staff", command, identity.Registered)

    def _households(self) -> None:
        for household in self._town.households:
            household_id = demo_id(household.key)
            tenants = household.members[0].role == "tenant"
            command = identity.RegisterHousehold(
                request_id=f"demo:{self._until.year}:{household_id}",
                household_id=household_id,
                home_id=home_id(household.building, household.unit, household.door),
                kind=identity.HouseholdKind.TENANT if tenants else identity.HouseholdKind.OWNER,
                members=[self._member(member) for member in household.members],
                certified_until=self._until,
                evidence=EVIDENCE,
            )
            self._do("identity", "register_household", command, identity.Registered)

    def _member(self, member: names.Member) -> identity.MemberSpec:
        return identity.MemberSpec(
            account_id=demo_id(member.key),
            name=member.name,
            phone=member.phone,
            role=Role(member.role),
            app_id=self._app_id,
            openid=openid_of(member.key),
        )

    def _merchants(self) -> None:
        for shop in self._town.shops:
            merchant_id = demo_id("merchant", shop.key)
            store = identity.StoreSpec(
                store_id=demo_id(shop.key),
                name=shop.name,
                kind=identity.StoreKind(shop.kind),
                description=shop.description,
                address=shop.address,
                phone=shop.phone,
                picture=self._picture(
                    shop.key, partial(pictures.picture_of_store, shop.name, shop.kind)
                ),
                building_id=demo_id("building", str(shop.building)) if shop.building else None,
                x_m=shop.x_m,
                y_m=shop.y_m,
                community_ids=[self._community_id],
            )
            command = identity.RegisterMerchant(
                request_id=f"demo:{self._until.year}:{merchant_id}",
                merchant_id=merchant_id,
                name=shop.name,
                stores=[store],
                people=[self._member(shop.keeper)],
                certified_until=self._until,
                evidence="营业执照与店铺现场已核对",
            )
            self._do("identity", "register_merchant", command, identity.Registered)

    def _shelves(self) -> None:
        for shop in self._town.shops:
            keeper = Desk.of_person(self._desk.services, self._app_id, openid_of(shop.keeper.key))
            self._shelf(shop, keeper)

    def _shelf(self, shop: names.Shop, keeper: Desk) -> None:
        for sort, good in enumerate(shop.goods):
            ways = ways_of(shop.name, good.category, good.name)
            command = catalog.PutItem(
                request_id=f"demo:{good.kind}:ways:{demo_id(good.key)}",
                item_id=demo_id(good.key),
                store_id=demo_id(shop.key),
                category=good.category,
                kind=catalog.ItemKind(good.kind),
                name=good.name,
                description=good.description,
                picture=self._picture(
                    good.key, partial(pictures.picture_of_good, good.name, good.category)
                ),
                sort=sort,
                fulfilments=[catalog.Fulfilment(way) for way in ways.fulfilments],
                slot_minutes=ways.slot_minutes,
                slot_capacity=ways.slot_capacity,
                skus=[
                    catalog.SkuSpec(
                        sku_id=demo_id(good.key, str(number)),
                        name=name,
                        price_fen=price_fen,
                        stock=stock,
                        gift_fen=good.gift_fen,
                    )
                    for number, (name, price_fen, stock) in enumerate(good.skus)
                ],
            )
            keeper.ask("catalog", "put_item", command, catalog.ItemView)

    def _couriers(self) -> None:
        for shop in self._town.shops:
            for courier in shop.couriers:
                self._courier(shop, courier)

    def _courier(self, shop: names.Shop, courier: names.Courier) -> None:
        account_id = demo_id(courier.key)
        account = identity.RegisterAccount(
            request_id=f"demo:{account_id}",
            account_id=account_id,
            name=courier.name,
            phone=courier.phone,
            app_id=self._app_id,
            openid=openid_of(courier.key),
        )
        self._do("identity", "register_account", account, identity.Registered)
        courier_id = demo_id("courier", courier.key)
        portrait = pictures.picture_of_courier(courier.name)
        stored = self._files.put(portrait, "upload", courier_id)
        command = delivery.RegisterCourier(
            request_id=f"demo:{courier_id}",
            courier_id=courier_id,
            account_id=account_id,
            store_ids=[demo_id(shop.key)],
            community_ids=[self._community_id],
            name=courier.name,
            phone=courier.phone,
            photo_key=stored.key,
            photo_sha256=stored.sha256,
        )
        self._do("delivery", "register_courier", command, delivery.CourierView)

    def _picture(self, key: str, draw: Callable[[], bytes]) -> str:
        """The key of a public picture, drawn only when it is not there yet."""
        name = f"public/demo/{key}.webp"
        try:
            self._files.read(name)
        except NoSuchFile:
            self._files.put(draw(), "public/demo", f"{key}.webp")
        return name


def home_id(building: int, unit: str, door: str) -> str:
    """The id of one door."""
    return demo_id("home", str(building), unit, door)
