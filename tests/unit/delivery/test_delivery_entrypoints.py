"""Who may call what: the whole list, so that a change of it is seen."""

from services.delivery.service import DeliveryService
from services.kernel.entrypoints import Rpc

ALLOWED = {
    "register_courier": "courier.register",
    "couriers": "store_order.handle",
    "assign_drop": ("orders",),
    "deliver_drop": "drop.deliver",
    "my_visits": "signed in",
    "pass_for": "signed in",
    "check_pass": "gate.pass",
    "admit_visit": "gate.pass",
    "refuse_visit": "gate.pass",
    "leave_visit": "gate.pass",
    "gate_log": "gate.log_view",
    "visit": "gate.log_view",
    "order_visits": "gate.log_view",
    "counts": "overview.view",
}


def test_each_method_lets_in_exactly_whom_it_should() -> None:
    found = {}
    for name, method in vars(DeliveryService).items():
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Rpc):
                signed_in = "signed in" if entrypoint.signed_in else None
                found[name] = entrypoint.callers or entrypoint.permission or signed_in
    assert found == ALLOWED
