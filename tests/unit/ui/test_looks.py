"""Each state that a service can name has a word, a colour that exists and a sign that exists."""

import re
from enum import StrEnum

import pytest

from gateway import deal_looks, looks
from gateway.ui import FOLDER, STATIC
from services.contracts import (
    after_sales,
    amendments,
    cards,
    catalog,
    delivery,
    disputes,
    fees,
    identity,
    orders,
    reconciliation,
    settlement,
    withdrawals,
)
from services.contracts.permissions import Role
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.transfers import TransferKind
from tests.unit.ui.board import drawing_board
from tests.unit.ui.samples import order

KINDS: dict[str, type[StrEnum]] = {
    "order": orders.OrderState,
    "case": after_sales.CaseState,
    "amendment": amendments.AmendmentState,
    "dispute": disputes.DisputeState,
    "payment": settlement.PaymentState,
    "escrow": settlement.EscrowState,
    "refund": settlement.RefundState,
    "cash": settlement.CashState,
    "withdrawal": withdrawals.WithdrawalState,
    "fee_bill": fees.FeeBillState,
    "fee_payment": fees.FeePaymentState,
    "card": cards.CardState,
    "day": reconciliation.DayState,
    "visit": delivery.VisitState,
    "certification": identity.Certification,
}
WAYS: list[type[StrEnum]] = [
    settlement.PayWay,
    settlement.DeskMethod,
    withdrawals.PayoutWay,
    fees.FeeWay,
    orders.RefundTo,
]
OF_DEALS: list[type[StrEnum]] = [
    catalog.Fulfilment,
    after_sales.CaseKind,
    after_sales.CaseAnswer,
    disputes.DisputeAbout,
]
CODES: list[type[StrEnum]] = [
    settlement.Custody,
    settlement.OwnerKind,
    fees.DebtorKind,
    reconciliation.DifferenceKind,
    reconciliation.DifferenceAction,
]
STATES = [(kind, state) for kind, states in KINDS.items() for state in states]
SHEETS = {name: (STATIC / name).read_text() for name in ("h5.css", "console.css")}
ICONS = (FOLDER / "templates" / "macros" / "icons.html").read_text()


@pytest.mark.parametrize(("kind", "state"), STATES)
def test_a_state_has_word_colour_and_sign(kind: str, state: StrEnum) -> None:
    look = looks.look_of(state, kind)
    assert look is not looks.UNKNOWN
    assert all(f".tone_{look.tone} " in sheet for sheet in SHEETS.values())
    assert f"'{look.sign}':" in ICONS


def test_no_two_order_states_share_a_word() -> None:
    words = [look.word for look in looks.ORDERS.values()]
    assert len(set(words)) == len(words)


def test_no_two_words_of_what_is_open_beside_an_order_are_the_same() -> None:
    kinds = ("order", "trouble", "case", "amendment", "dispute")
    words = [look.word for kind in kinds for look in looks.LOOKS[kind].values()]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("kind", ["trouble", "case", "amendment", "dispute"])
def test_what_is_open_says_what_comes_next_to_both_sides(kind: str) -> None:
    assert all(look.resident and look.merchant for look in looks.LOOKS[kind].values())


@pytest.mark.parametrize(
    ("state", "changes", "word"),
    [
        ("ready", {}, "待配送"),
        ("ready", {"fulfilment": "pickup"}, "待自提"),
        ("ready", {"fulfilment": "in_store"}, "待到店"),
        ("delivered", {"fulfilment": "at_home"}, "已做完"),
        ("delivered", {"trouble": "disputed"}, "纠纷中"),
        ("preparing", {"trouble": "amending"}, "改单中"),
    ],
)
def test_an_order_is_called_as_it_stands(state: str, changes: dict[str, str], word: str) -> None:
    assert looks.order_look(order(state, **changes)).word == word


@pytest.mark.parametrize(
    ("state", "changes", "party"),
    [
        ("awaiting_confirmation", {}, orders.Party.MERCHANT),
        ("ready", {"fulfilment": "pickup"}, orders.Party.RESIDENT),
        ("preparing", {"late": True}, orders.Party.MERCHANT),
        ("delivered", {}, orders.Party.RESIDENT),
    ],
)
def test_a_deadline_says_who_must_act(
    state: str, changes: dict[str, object], party: orders.Party
) -> None:
    wait = deal_looks.wait_of(order(state, **changes))
    assert wait is not None
    assert wait.party is party
    assert wait.then


def test_while_something_else_is_open_the_orders_own_time_stands_still() -> None:
    assert deal_looks.wait_of(order("preparing", trouble="disputed")) is None
    assert deal_looks.wait_of(order("preparing", deadline_at=None)) is None


def test_each_order_state_says_what_comes_next_to_both_sides() -> None:
    assert all(look.resident and look.merchant for look in looks.ORDERS.values())


def test_a_state_from_a_newer_service_is_said_to_be_in_work() -> None:
    assert looks.look_of("teleported") is looks.UNKNOWN


def test_each_step_role_party_account_and_reason_has_words() -> None:
    with drawing_board().test_request_context("/"):
        said = [looks.step_words(step) for step in orders.Step]
        said += [looks.role_words(role) for role in (*Role, *orders.Party)]
        said += [looks.account_words(kind) for kind in AccountKind]
        said += [looks.reason_words(kind) for kind in TransferKind]
        said += [looks.channel_words(channel) for channel in settlement.Channel]
        said += [looks.account_words(f"clearing:{channel}") for channel in settlement.Channel]
        said += [looks.way_words(way) for kind in WAYS for way in kind]
        said += [looks.money_words(code) for kind in CODES for code in kind]
        said += [looks.deal_words(code) for kind in OF_DEALS for code in kind]
    assert [words for words in said if re.search("[a-z]", words)] == []


def test_an_unknown_step_is_shown_as_it_is() -> None:
    with drawing_board().test_request_context("/"):
        assert looks.step_words("beamed_up") == "beamed_up"


def test_each_kind_of_shop_can_be_filtered() -> None:
    stores = (FOLDER / "templates/h5/resident/stores.html").read_text()
    assert all(f"('{kind.value}'," in stores for kind in identity.StoreKind)
