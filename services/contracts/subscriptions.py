"""Who listens to what, and who may call whom: queues and broker permissions come from here."""

from services.contracts import (
    cards,
    catalog,
    delivery,
    identity,
    marketing,
    orders,
    settlement,
    withdrawals,
)
from services.kernel.wire import Event
from services.kernel.wiring import Wiring

SERVICES = ("identity", "catalog", "orders", "settlement", "delivery", "marketing")
CLIENTS = (*SERVICES, "gateway")

SUBSCRIBERS: dict[str, tuple[str, ...]] = {
    orders.OrderPaid.name: ("catalog", "marketing"),
    orders.OrderConfirmed.name: ("marketing",),
    orders.OrderReady.name: ("marketing",),
    orders.OrderReminder.name: ("marketing",),
    orders.OrderTrouble.name: ("marketing",),
    orders.OrderDispatched.name: ("marketing",),
    orders.OrderDelivered.name: ("marketing",),
    orders.OrderCompleted.name: ("settlement",),
    orders.OrderCancelled.name: ("catalog", "settlement", "delivery", "marketing"),
    catalog.StockShort.name: ("orders",),
    settlement.PaymentReceived.name: ("orders",),
    settlement.EscrowReleased.name: ("orders", "marketing"),
    settlement.RefundCompleted.name: ("orders", "marketing"),
    settlement.RefundFailed.name: ("marketing",),
    withdrawals.WithdrawalChanged.name: ("marketing",),
    cards.CardReturned.name: ("marketing",),
    delivery.VisitEntered.name: ("orders",),
    delivery.VisitLeft.name: ("orders",),
    delivery.DropDelivered.name: ("orders", "settlement"),
    identity.MerchantLeft.name: ("settlement",),
    marketing.WechatEventReceived.name: ("marketing",),
}

CALLS: dict[str, tuple[str, ...]] = {
    "identity": (),
    "catalog": (),
    "orders": ("identity", "catalog", "marketing", "settlement", "delivery"),
    "settlement": ("identity",),
    "delivery": ("identity",),
    "marketing": ("identity",),
    "gateway": SERVICES,
}
"""No service calls back along this line: a full worker pool could otherwise wait for itself."""

WIRING = Wiring(SUBSCRIBERS, {name: event.source for name, event in Event.registry.items()})
