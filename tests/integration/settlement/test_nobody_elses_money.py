"""No role sees or moves the money of another's order: each question by an order's or payment's id.

As in orders' own table, everybody asks each; who has no part in it hears what there is to hear of
an id that nobody has, and nothing changes.
"""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import pytest

from services.contracts import settlement as s
from services.contracts.permissions import Role
from services.kernel import clock
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import LinliError
from services.kernel.ids import new_id
from services.kernel.wire import Query
from services.settlement.service import SettlementService
from services.settlement.settings import Settings
from services.settlement.use_cases.open_payment import open_payment
from tests.support.deal_life.fate import StandingClock
from tests.support.front_door import FrontDoor, of_nothing
from tests.support.orders import person
from tests.support.servers import empty_all_tables
from tests.support.settlement import COMMUNITY, NOW, Books, open_command
from tests.support.snapshot import Snapshot

pytestmark = pytest.mark.database
R = Role
REFUSED = {"not_found", "forbidden", "unauthenticated"}
_NAMES = ("order_id", "payment_id", "refund_id", "order_ids")
STAFF = tuple(R(name) for name in ("guard", "clerk", "building_manager", "cashier"))
STAFF += (R.ACCOUNTANT, R.MEDIATOR, R.MANAGER)
HOME = frozenset({"owner", "family", "tenant"})
STORE = frozenset({"shopkeeper", "shop_hand"})
VIEWING = frozenset({"cashier", "accountant", "mediator", "manager"})
DESK = frozenset({"cashier", "manager"})
COURIERS = frozenset({"courier"})


class Row(NamedTuple):
    """A question, whom it is answered, and who hears that there is nothing."""

    rpc: str
    ask: Callable[["Till"], Query]
    may: frozenset[str]
    blank: frozenset[str] = frozenset()


def elsewhere(names: frozenset[str]) -> frozenset[str]:
    return frozenset(f"{name} elsewhere" for name in names)


def act(kind: type[Any], /, **fields: Any) -> Any:
    return kind(request_id=new_id(), **fields)


ROWS = (
    Row("payment", lambda t: s.PaymentQuery(payment_id=t.open.payment_id), HOME | VIEWING),
    Row("pay", lambda t: t.wish(), HOME),
    Row("order_money", lambda t: s.OrderMoneyQuery(order_id=t.order_id), HOME | STORE | VIEWING),
    Row(
        "refund_order_part",
        lambda t: act(s.RefundOrderPart, order_id=t.order_id, amount_fen=100, reason="洒了"),
        DESK,
    ),
    Row(
        "take_at_desk",
        lambda t: act(s.TakeAtDesk, payment_id=t.open.payment_id, method=s.DeskMethod.CASH),
        DESK,
    ),
    Row("desk_receipt", lambda t: s.DeskReceiptQuery(payment_id=t.at_desk), VIEWING),
    Row("retry_refund", lambda t: act(s.RetryRefund, refund_id=t.refund_id), DESK),
    Row(
        "redirect_refund",
        lambda t: act(s.RedirectRefund, refund_id=t.refund_id, reason="卡已注销"),
        DESK,
    ),
    Row("pay_out_refund", lambda t: act(s.PayOutRefund, refund_id=t.desk_refund_id), DESK),
    Row("refunds", lambda t: s.RefundsQuery(), VIEWING, elsewhere(VIEWING)),
    # How much is due at a door, and of whom: a sum by an id that only who brings it was given.
    Row("cash_due", lambda t: s.CashDueQuery(order_ids=[t.order_id]), COURIERS),
    Row(
        "hand_in_cash",
        lambda t: act(s.HandInCash, order_ids=[t.order_id], amount_fen=1500),
        frozenset(),
    ),
)


class Till:
    """An open payment, one that is held, one that was taken at the desk, and one that goes back."""

    def __init__(self, db: Database) -> None:
        empty_all_tables(db)
        books = Books(db)
        defaults = {name: field.default for name, field in Settings.model_fields.items()}
        settings, extras = SimpleNamespace(**defaults), SimpleNamespace(channels=books.channels)
        self.door = FrontDoor(SettlementService, NOW, db=db, settings=settings, extras=extras)
        held = books.paid(1500)
        self.order_id = held.allocations[0].order_id
        self.people = people(held.household_id, held.allocations[0].merchant_id)
        self.open = opened(db, held)
        desk = opened(db, held)
        self.at_desk = desk.payment_id
        taking = act(s.TakeAtDesk, payment_id=self.at_desk, method=s.DeskMethod.CASH)
        self.door.ask("take_at_desk", taking, self.people["cashier"])
        for going_back in (books.paid(700), desk):
            books.cancel(going_back)
        found = self.door.ask("refunds", s.RefundsQuery(), self.people["cashier"]).items
        back = {one.channel: one.refund_id for one in found}
        self.refund_id, self.desk_refund_id = back[s.Channel.WECHAT], back[s.Channel.DESK]
        self.kept = Snapshot(db)

    def wish(self) -> s.Pay:
        """Somebody taps on 支付."""
        way = s.PayWay.WECHAT_JSAPI
        fields = {"payment_id": self.open.payment_id, "openid": "openid-1", "way": way}
        return act(s.Pay, **fields)  # type: ignore[no-any-return]

    def outcome(self, row: Row, who: str, question: Query) -> tuple[str, str]:
        """The kind of the error and its code; or nothing, and the answer."""
        try:
            answer = self.door.ask(row.rpc, question, self.people[who])
        except LinliError as error:
            return error.kind, error.code
        return "", answer.model_dump_json()


def opened(db: Database, held: s.PaymentView) -> s.PaymentView:
    """Another payment of the same household's."""
    return open_payment(db, open_command(1500, household_id=held.household_id), NOW)


def people(household_id: str, merchant_id: str) -> dict[str, Actor | None]:
    """Everybody, with what identity would vouch for."""
    here, away = (COMMUNITY,), (new_id(),)
    homes, shops = (R.OWNER, R.FAMILY, R.TENANT), (R.SHOPKEEPER, R.SHOP_HAND)
    everybody: dict[str, Actor | None] = {"nobody": None}
    for roles, group_id in ((homes, household_id), (shops, merchant_id)):
        for role in roles:
            everybody[role] = person({group_id: role}, communities=here)
            everybody[f"other {role}"] = person({new_id(): role}, communities=here)
    for role in (*STAFF, R.COURIER):
        everybody[role] = person({}, roles=(role,), communities=here)
        if role is not R.COURIER:
            everybody[f"{role} elsewhere"] = person({}, roles=(role,), communities=away)
    return everybody


@pytest.fixture(scope="module")
def till(migrated: Callable[[str], str]) -> Iterator[Till]:
    standing = StandingClock()
    standing.time = NOW
    db = Database(migrated("settlement"), pool_size=5)
    with mock.patch.object(clock, "datetime", standing):
        yield Till(db)
    db.dispose()


@pytest.fixture(autouse=True)
def undone(till: Till) -> Iterator[None]:
    """No test finds what another has changed."""
    yield
    till.kept.restore()


def name_of(row: Row) -> str:
    return row.rpc


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_stranger_is_refused_as_if_there_were_no_such_money(till: Till, row: Row) -> None:
    for who in sorted(till.people.keys() - row.may - row.blank):
        question = row.ask(till)
        got = till.outcome(row, who, question)
        assert got[0] in REFUSED, f"{who}: {got}"
        nothing = till.outcome(row, who, of_nothing(question, _NAMES))
        assert got == nothing, f"{who}: {got} {nothing}"
    assert till.kept.changed() == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.blank], ids=name_of)
def test_staff_of_another_community_find_nothing(till: Till, row: Row) -> None:
    for who in sorted(row.blank):
        kind, told = till.outcome(row, who, row.ask(till))
        assert (kind, '"items":[]' in told) == ("", True), f"{who}: {told}"


@pytest.mark.parametrize("row", [row for row in ROWS if row.may], ids=name_of)
def test_those_who_have_a_part_in_it_are_let_in(till: Till, row: Row) -> None:
    for who in sorted(row.may):
        kind, code = till.outcome(row, who, row.ask(till))
        assert kind not in REFUSED, f"{who}: {code}"
        till.kept.restore()


def test_no_question_by_an_order_or_a_payment_is_left_out(till: Till) -> None:
    named = {
        name
        for name, entry in till.door.entries.items()
        if set(_NAMES) & set(entry.command_type.model_fields) and not entry.callers
    }
    assert named == {row.rpc for row in ROWS if row.rpc != "refunds"}
