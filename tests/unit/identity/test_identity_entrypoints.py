"""Who may call what: the whole list, so that a change of it is seen."""

from services.identity.service import IdentityService
from services.kernel.entrypoints import Rpc

ALLOWED = {
    "sign_in_with_wechat": ("gateway",),
    "sign_in_staff": ("gateway",),
    "end_session": ("gateway",),
    "actor_token": ("gateway",),
    "me": "signed in",
    "order_context": ("orders",),
    "contacts": ("marketing", "delivery"),
    "account_brief": ("delivery",),
    "fee_right": ("settlement",),
    "mark_courier": ("delivery",),
    "stores": "public",
    "store": "public",
    "stores_by_id": "public",
    "communities": "public",
    "community": "public",
    "merchants": "signed in",
    "counts": "overview.view",
    "register_community": "community.edit",
    "register_gate": "community.edit",
    "register_building": "community.edit",
    "register_household": "people.certify",
    "register_merchant": "merchant.certify",
    "leave_merchant": "merchant.certify",
    "register_account": "people.certify",
    "register_staff": "staff.edit",
    "withdraw_certification": "signed in",
}


def test_each_method_lets_in_exactly_whom_it_should() -> None:
    found = {}
    for name, method in vars(IdentityService).items():
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Rpc):
                open_to = "public" if entrypoint.public else "signed in"
                found[name] = entrypoint.callers or entrypoint.permission or open_to
    assert found == ALLOWED
