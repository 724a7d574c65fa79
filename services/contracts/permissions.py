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
    ORDER_AFTER_SALES = "order.after_sales"
    """Ask for a refund, a return or an exchange; answer an amendment; open a dispute; review."""
    PAYMENT_PAY = "payment.pay"
    FUND_VIEW = "fund.view"
    FUND_USE = "fund.use"
    """Withdraw it, pay the property fee with it."""
    # a merchant's
    SHELF_EDIT = "shelf.edit"
    STORE_ORDER_HANDLE = "store_order.handle"
    MERCHANT_FUND_VIEW = "merchant_fund.view"
    MERCHANT_FUND_USE = "merchant_fund.use"
    COURIER_REGISTER = "courier.register"
    # a courier's
    DROP_DELIVER = "drop.deliver"
    # the property staff's
    GATE_PASS = "gate.pass"  # noqa: S105 - lets people pass a gate
    GATE_LOG_VIEW = "gate.log_view"
    ORDER_VIEW_ANY = "order.view_any"
    ORDER_MEDIATE = "order.mediate"
    """Take disputes and rule; cancel; hide reviews."""
    ORDER_APPEAL = "order.appeal"
    """The second look at a ruling."""
    SAGA_RETRY = "saga.retry"
    """See and push work across services that hangs."""
    MONEY_VIEW_ANY = "money.view_any"
    MONEY_AUDIT = "money.audit"
    MONEY_DESK = "money.desk"
    """Take and give cash at the desk."""
    MONEY_REFUND = "money.refund"
    MONEY_WITHDRAWALS = "money.withdrawals"
    """Prepare payouts: bank files and their results."""
    MONEY_APPROVE = "money.approve"
    """The second pair of eyes on a withdrawal."""
    MONEY_RECONCILE = "money.reconcile"
    MONEY_CORRECT = "money.correct"
    MONEY_RULES = "money.rules"
    FEE_IMPORT = "fee.import"
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
    ACCOUNTANT = "accountant"
    MEDIATOR = "mediator"
    MANAGER = "manager"


STAFF_ROLES = frozenset(
    {
        Role.CLERK,
        Role.BUILDING_MANAGER,
        Role.GUARD,
        Role.CASHIER,
        Role.ACCOUNTANT,
        Role.MEDIATOR,
        Role.MANAGER,
    }
)

_P = Permission
_RESIDENT = {
    _P.ORDER_PLACE,
    _P.ORDER_CANCEL,
    _P.ORDER_CONFIRM_RECEIPT,
    _P.ORDER_AFTER_SALES,
    _P.PAYMENT_PAY,
    _P.FUND_VIEW,
}
_SHOP_HAND = {_P.SHELF_EDIT, _P.STORE_ORDER_HANDLE}
_STAFF = {_P.OVERVIEW_VIEW}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(_RESIDENT | {_P.FUND_USE}),
    Role.FAMILY: frozenset(_RESIDENT),
    Role.TENANT: frozenset(_RESIDENT | {_P.FUND_USE}),
    Role.SHOPKEEPER: frozenset(
        _SHOP_HAND | {_P.MERCHANT_FUND_VIEW, _P.MERCHANT_FUND_USE, _P.COURIER_REGISTER}
    ),
    Role.SHOP_HAND: frozenset(_SHOP_HAND),
    Role.COURIER: frozenset({_P.DROP_DELIVER}),
    Role.CLERK: frozenset(
        _STAFF | {_P.PEOPLE_VIEW, _P.PEOPLE_CERTIFY, _P.MERCHANT_CERTIFY, _P.COURIER_REGISTER}
    ),
    Role.BUILDING_MANAGER: frozenset(_STAFF | {_P.PEOPLE_VIEW, _P.PEOPLE_CERTIFY}),
    Role.GUARD: frozenset({_P.GATE_PASS, _P.GATE_LOG_VIEW}),
    Role.CASHIER: frozenset(
        _STAFF
        | {
            _P.MONEY_VIEW_ANY,
            _P.MONEY_AUDIT,
            _P.MONEY_DESK,
            _P.MONEY_REFUND,
            _P.MONEY_WITHDRAWALS,
            _P.FEE_IMPORT,
            _P.ORDER_VIEW_ANY,
        }
    ),
    Role.ACCOUNTANT: frozenset(
        _STAFF
        | {
            _P.MONEY_VIEW_ANY,
            _P.MONEY_AUDIT,
            _P.MONEY_APPROVE,
            _P.MONEY_RECONCILE,
            _P.MONEY_CORRECT,
            _P.MONEY_RULES,
            _P.ORDER_VIEW_ANY,
        }
    ),
    Role.MEDIATOR: frozenset(
        _STAFF | {_P.ORDER_VIEW_ANY, _P.ORDER_MEDIATE, _P.GATE_LOG_VIEW, _P.MONEY_VIEW_ANY}
    ),
    Role.MANAGER: frozenset(
        set(Permission)
        - _RESIDENT
        - _SHOP_HAND
        - {_P.FUND_USE, _P.MERCHANT_FUND_VIEW, _P.MERCHANT_FUND_USE, _P.DROP_DELIVER}
    ),
}
