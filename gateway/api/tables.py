"""Every operation that is one call: who may do it is decided by the service that answers."""

from gateway.api.operations import Operation
from gateway.backends import Catalog, Delivery, Identity, Marketing, Orders, Settlement

RESIDENT = (
    Operation("GET", "/me", Identity.me),
    Operation("GET", "/communities", Identity.communities, public=True),
    Operation("GET", "/communities/<community_id>", Identity.community, public=True),
    Operation("GET", "/communities/<community_id>/stores", Identity.stores, public=True),
    Operation("GET", "/stores", Identity.stores_by_id, public=True),
    Operation("GET", "/stores/<store_id>", Identity.store, public=True),
    Operation("GET", "/items", Catalog.items, public=True),
    Operation("GET", "/items/<item_id>", Catalog.item, public=True),
    Operation("GET", "/skus", Catalog.skus, public=True),
    Operation("POST", "/orders", Orders.place_orders, 201),
    Operation("GET", "/orders/<order_id>", Orders.order),
    Operation("GET", "/households/<household_id>/orders", Orders.household_orders),
    Operation("POST", "/orders/<order_id>/cancel", Orders.cancel_order),
    Operation("POST", "/orders/<order_id>/confirm-receipt", Orders.confirm_receipt),
    Operation("GET", "/orders/<order_id>/money", Settlement.order_money),
    Operation("GET", "/payments/<payment_id>", Settlement.payment),
    Operation("GET", "/funds/<owner_kind>/<owner_id>", Settlement.fund),
    Operation("GET", "/notices", Marketing.notices),
)

MERCHANT = (
    Operation("GET", "/stores/<store_id>/orders", Orders.store_orders),
    Operation("GET", "/order-counts", Orders.counts),
    Operation("POST", "/orders/<order_id>/confirm", Orders.confirm_order),
    Operation("POST", "/orders/<order_id>/ready", Orders.mark_ready),
    Operation("POST", "/orders/<order_id>/dispatch", Orders.dispatch_order),
    Operation("PUT", "/items/<item_id>", Catalog.put_item),
    Operation("PUT", "/skus/<sku_id>/stock", Catalog.set_stock),
    Operation("GET", "/stores/<store_id>/couriers", Delivery.couriers),
    Operation("POST", "/couriers", Delivery.register_courier, 201),
)

COURIER = (
    Operation("GET", "/visits/mine", Delivery.my_visits),
    Operation("GET", "/visits/<visit_id>/pass", Delivery.pass_for),
    Operation("POST", "/drops/<drop_id>/deliver", Delivery.deliver_drop),
)

GATE = (
    # A pass is a secret for the time that it lives: it does not belong into an address.
    Operation("POST", "/communities/<community_id>/passes/check", Delivery.check_pass),
    Operation("GET", "/visits/<visit_id>", Delivery.visit),
    Operation("POST", "/visits/<visit_id>/admit", Delivery.admit_visit),
    Operation("POST", "/visits/<visit_id>/refuse", Delivery.refuse_visit),
    Operation("POST", "/visits/<visit_id>/leave", Delivery.leave_visit),
    Operation("GET", "/communities/<community_id>/visits", Delivery.gate_log),
)

STAFF = (
    Operation("GET", "/orders", Orders.all_orders),
    Operation("GET", "/merchants", Identity.merchants),
    Operation("POST", "/communities", Identity.register_community, 201),
    Operation("POST", "/gates", Identity.register_gate, 201),
    Operation("POST", "/buildings", Identity.register_building, 201),
    Operation("POST", "/households", Identity.register_household, 201),
    Operation("POST", "/accounts", Identity.register_account, 201),
    Operation("POST", "/staff", Identity.register_staff, 201),
    Operation("POST", "/merchants", Identity.register_merchant, 201),
    Operation("POST", "/certifications/<subject_id>/withdraw", Identity.withdraw_certification),
    Operation("PUT", "/wechat-accounts/<app_id>", Marketing.put_wechat_account),
    Operation("GET", "/counts/identity", Identity.counts),
    Operation("GET", "/counts/catalog", Catalog.counts),
    Operation("GET", "/counts/settlement", Settlement.counts),
    Operation("GET", "/counts/delivery", Delivery.counts),
    Operation("GET", "/counts/marketing", Marketing.counts),
)

TABLES = {
    "resident": RESIDENT,
    "merchant": MERCHANT,
    "courier": COURIER,
    "gate": GATE,
    "staff": STAFF,
}
