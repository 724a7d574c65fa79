"""Each state that a service can name has a word, a colour that exists and a sign that exists."""

import re
from enum import StrEnum

import pytest

from gateway import looks
from gateway.ui import FOLDER, STATIC
from services.contracts import (
    cards,
    delivery,
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

KINDS: dict[str, type[StrEnum]] = {
    "order": orders.OrderState,
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
    assert [words for words in said if re.search("[a-z]", words)] == []


def test_an_unknown_step_is_shown_as_it_is() -> None:
    with drawing_board().test_request_context("/"):
        assert looks.step_words("beamed_up") == "beamed_up"


def test_each_kind_of_shop_can_be_filtered() -> None:
    stores = (FOLDER / "templates/h5/resident/stores.html").read_text()
    assert all(f"('{kind.value}'," in stores for kind in identity.StoreKind)
