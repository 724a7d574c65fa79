"""Every action that is checked, in one list, and the roles that identity composes of them.

A permission lets one *try*; whose object it is, the owning service checks each time.
"""

from enum import StrEnum


class Permission(StrEnum):
    """One action each; `area.action`."""

    # a resident's
    ORDER_PLACE = "order.place"
    ORDER_CANCEL = "order.cancel"
    ORDER_CONFIRM_RECEIPT = "order.confirm_receipt"
    PAYMENT_PAY = "payment.pay"
    FUND_VIEW = "fund.view"
    # a merchant's
    SHELF_EDIT = "shelf.edit"
    STORE_ORDER_HANDLE = "store_order.handle"
    MERCHANT_FUND_VIEW = "merchant_fund.view"
    COURIER_REGISTER = "courier.register"
    # a courier's
    DROP_DELIVER = "drop.deliver"
    # the property staff's
    GATE_PASS = "gate.pass"  # noqa: S105 - lets people pass a gate
    GATE_LOG_VIEW = "gate.log_view"
    ORDER_VIEW_ANY = "order.view_any"
    ORDER_MEDIATE = "order.mediate"
    MONEY_VIEW_ANY = "money.view_any"
    MONEY_AUDIT = "money.audit"
    OVERVIEW_VIEW = "overview.view"
    PEOPLE_VIEW = "people.view"
    PEOPLE_CERTIFY = "people.certify"
    MERCHANT_CERTIFY = "merchant.certify"
    COMMUNITY_EDIT = "community.edit"
    STAFF_EDIT = "staff.edit"
    ACCOUNT_EDIT = "account.edit"
    DEAD_LETTERS = "dead_letters.handle"


class Role(StrEnum):
    """Roles of people in a household, in a shop, as courier, and of the property's staff."""

    OWNER = "owner"
    FAMILY = "family"
    TENANT = "tenant"
    SHOPKEEPER = "shopkeeper"
    SHOP_HAND = "shop_hand"
    COURIER = "courier"
    CLERK = "clerk"
    BUILDING_MANAGER = "building_manager"
    GUARD = "guard"
    CASHIER = "cashier"
    MEDIATOR = "mediator"
    MANAGER = "manager"


STAFF_ROLES = frozenset(
    {
        Role.CLERK,
        Role.BUILDING_MANAGER,
        Role.GUARD,
        Role.CASHIER,
        Role.MEDIATOR,
        Role.MANAGER,
    }
)

_P = Permission
_RESIDENT = {
    _P.ORDER_PLACE,
    _P.ORDER_CANCEL,
    _P.ORDER_CONFIRM_RECEIPT,
    _P.PAYMENT_PAY,
    _P.FUND_VIEW,
}
_SHOP_HAND = {_P.SHELF_EDIT, _P.STORE_ORDER_HANDLE}
_STAFF = {_P.OVERVIEW_VIEW}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(_RESIDENT),
    Role.FAMILY: frozenset(_RESIDENT),
    Role.TENANT: frozenset(_RESIDENT),
    Role.SHOPKEEPER: frozenset(_SHOP_HAND | {_P.MERCHANT_FUND_VIEW, _P.COURIER_REGISTER}),
    Role.SHOP_HAND: frozenset(_SHOP_HAND),
    Role.COURIER: frozenset({_P.DROP_DELIVER}),
    Role.CLERK: frozenset(
        _STAFF | {_P.PEOPLE_VIEW, _P.PEOPLE_CERTIFY, _P.MERCHANT_CERTIFY, _P.COURIER_REGISTER}
    ),
    Role.BUILDING_MANAGER: frozenset(_STAFF | {_P.PEOPLE_VIEW, _P.PEOPLE_CERTIFY}),
    Role.GUARD: frozenset({_P.GATE_PASS, _P.GATE_LOG_VIEW}),
    Role.CASHIER: frozenset(_STAFF | {_P.MONEY_VIEW_ANY, _P.MONEY_AUDIT, _P.ORDER_VIEW_ANY}),
    Role.MEDIATOR: frozenset(
        _STAFF | {_P.ORDER_VIEW_ANY, _P.ORDER_MEDIATE, _P.GATE_LOG_VIEW, _P.MONEY_VIEW_ANY}
    ),
    Role.MANAGER: frozenset(
        set(Permission) - _RESIDENT - _SHOP_HAND - {_P.MERCHANT_FUND_VIEW, _P.DROP_DELIVER}
    ),
}
