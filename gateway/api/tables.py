"""Every operation that is one call: who may do it is decided by the service that answers."""

from gateway.api.operations import Operation
from gateway.backends import Catalog, Delivery, Identity, Marketing, Orders, Settlement

CASE = "/orders/<order_id>/cases/<case_id>"
DISPUTE = "/orders/<order_id>/disputes/<dispute_id>"

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
    Operation("POST", "/merchants/<merchant_id>/leave", Identity.leave_merchant),
    Operation("POST", "/certifications/<subject_id>/withdraw", Identity.withdraw_certification),
    Operation("PUT", "/wechat-accounts/<app_id>", Marketing.put_wechat_account),
    Operation("GET", "/counts/identity", Identity.counts),
    Operation("GET", "/counts/catalog", Catalog.counts),
    Operation("GET", "/counts/settlement", Settlement.counts),
    Operation("GET", "/counts/delivery", Delivery.counts),
    Operation("GET", "/counts/marketing", Marketing.counts),
)

MONEY = (
    Operation("GET", "/merchants/<merchant_id>/settled-orders", Settlement.settled_orders),
    Operation("GET", "/funds/<owner_kind>/<owner_id>/payout-account", Settlement.payout_account),
    Operation(
        "PUT", "/funds/<owner_kind>/<owner_id>/payout-account", Settlement.put_payout_account
    ),
    Operation("POST", "/funds/<owner_kind>/<owner_id>/withdrawals", Settlement.withdraw, 201),
    Operation("GET", "/withdrawals", Settlement.withdrawals),
    Operation("GET", "/withdrawals/<withdrawal_id>", Settlement.withdrawal),
    Operation("POST", "/withdrawals/<withdrawal_id>/cancel", Settlement.cancel_withdrawal),
    Operation("GET", "/fees", Settlement.fee_bills),
    Operation("GET", "/fees/<bill_id>", Settlement.fee_bill),
    Operation("POST", "/fees/<bill_id>/offset", Settlement.offset_fee, 201),
    Operation("POST", "/fee-payments", Settlement.open_fee_payment, 201),
    Operation("GET", "/fee-payments/<fee_payment_id>/receipt", Settlement.fee_receipt),
    Operation("GET", "/cards", Settlement.cards),
    Operation("GET", "/cards/<card_id>", Settlement.card),
    Operation("GET", "/cash-due", Settlement.cash_due),
)

TREASURY = (
    Operation("POST", "/orders/<order_id>/refunds", Settlement.refund_order_part, 201),
    Operation("GET", "/refunds", Settlement.refunds),
    Operation("POST", "/refunds/<refund_id>/retry", Settlement.retry_refund),
    Operation("POST", "/refunds/<refund_id>/redirect", Settlement.redirect_refund),
    Operation("POST", "/refunds/<refund_id>/pay-out", Settlement.pay_out_refund),
    Operation("POST", "/payments/<payment_id>/desk", Settlement.take_at_desk, 201),
    Operation("GET", "/payments/<payment_id>/desk", Settlement.desk_receipt),
    Operation("POST", "/merchants/<merchant_id>/deposit", Settlement.take_deposit, 201),
    Operation("GET", "/cash", Settlement.cash),
    Operation("POST", "/cash/hand-in", Settlement.hand_in_cash, 201),
    Operation("GET", "/commission-rules", Settlement.commission_rules),
    Operation("POST", "/commission-rules", Settlement.put_commission_rule, 201),
    Operation("GET", "/communities/<community_id>/custody", Settlement.custody),
    Operation("PUT", "/communities/<community_id>/custody", Settlement.put_custody),
    Operation("PUT", "/merchants/<merchant_id>/sub-merchant", Settlement.put_sub_merchant),
    Operation("POST", "/transfers/<transfer_id>/correction", Settlement.correct_transfer, 201),
    Operation("GET", "/trial-balance", Settlement.trial_balance),
    Operation("POST", "/withdrawals/<withdrawal_id>/approve", Settlement.approve_withdrawal),
    Operation("POST", "/withdrawals/<withdrawal_id>/reject", Settlement.reject_withdrawal),
    Operation("GET", "/bank-files", Settlement.bank_files),
    Operation("POST", "/bank-files", Settlement.make_bank_file, 201),
    Operation("GET", "/bank-files/<batch_id>", Settlement.bank_file),
    Operation("POST", "/bank-files/<batch_id>/result", Settlement.import_bank_result),
    Operation("GET", "/fee-payments", Settlement.fee_payments),
    Operation("POST", "/fees/<bill_id>/desk", Settlement.take_fee_at_desk, 201),
    Operation("POST", "/fee-payments/<fee_payment_id>/reverse", Settlement.reverse_fee_payment),
    Operation("POST", "/communities/<community_id>/fees", Settlement.import_fee_bills),
    Operation("POST", "/fees/fetch", Settlement.fetch_fee_bills),
    Operation("GET", "/merchants/<merchant_id>/card-returns", Settlement.card_returns),
    Operation("GET", "/reconciliation", Settlement.reconciliation_days),
    Operation("POST", "/reconciliation", Settlement.reconcile_day),
    Operation("GET", "/reconciliation/<day_id>/differences", Settlement.differences),
    Operation("POST", "/reconciliation/<day_id>/close", Settlement.close_day),
    Operation("POST", "/differences/<difference_id>/mend", Settlement.mend_difference),
)

DEALS = (
    Operation("POST", "/orders/<order_id>/hand-over", Orders.hand_over),
    # A pick-up code is worth its goods until they are fetched: it does not belong into an address.
    Operation("POST", "/stores/<store_id>/pick-up", Orders.order_by_code),
    Operation("POST", "/orders/<order_id>/start-service", Orders.start_service),
    Operation("POST", "/orders/<order_id>/finish-service", Orders.finish_service),
    Operation("GET", "/items/<item_id>/taken-slots", Orders.taken_slots, public=True),
    Operation("GET", "/stores/<store_id>/desk", Orders.desk),
    Operation("GET", "/orders/<order_id>/messages", Orders.thread),
    Operation("POST", "/orders/<order_id>/messages", Orders.say, 201),
    Operation("GET", "/orders/<order_id>/record", Orders.record),
    Operation("GET", "/orders/<order_id>/amendments", Orders.amendments),
    Operation("POST", "/orders/<order_id>/amendments", Orders.propose_amendment, 201),
    Operation(
        "POST", "/orders/<order_id>/amendments/<amendment_id>/answer", Orders.answer_amendment
    ),
    Operation(
        "POST", "/orders/<order_id>/amendments/<amendment_id>/withdraw", Orders.withdraw_amendment
    ),
    Operation("GET", "/cases", Orders.cases),
    Operation("GET", "/cases/<case_id>", Orders.case),
    Operation("POST", "/orders/<order_id>/cases", Orders.open_case, 201),
    Operation("POST", f"{CASE}/answer", Orders.answer_case),
    Operation("POST", f"{CASE}/accept-offer", Orders.accept_offer),
    Operation("POST", f"{CASE}/withdraw", Orders.withdraw_case),
    Operation("POST", f"{CASE}/send-back", Orders.send_back),
    Operation("POST", f"{CASE}/take-back", Orders.take_back),
    Operation("POST", f"{CASE}/send-replacement", Orders.send_replacement),
    Operation("POST", f"{CASE}/confirm-replacement", Orders.confirm_replacement),
    Operation("POST", f"{CASE}/escalate", Orders.escalate_case, 201),
    Operation("GET", "/disputes", Orders.disputes),
    Operation("GET", "/disputes/<dispute_id>", Orders.dispute),
    Operation("POST", "/orders/<order_id>/disputes", Orders.open_dispute, 201),
    Operation("POST", f"{DISPUTE}/propose-split", Orders.propose_split),
    Operation("POST", f"{DISPUTE}/accept-split", Orders.accept_split),
    Operation("POST", f"{DISPUTE}/call-mediator", Orders.call_mediator),
    Operation("POST", f"{DISPUTE}/withdraw", Orders.withdraw_dispute),
    Operation("POST", f"{DISPUTE}/accept-ruling", Orders.accept_ruling),
    Operation("POST", f"{DISPUTE}/appeal", Orders.appeal_ruling),
)

MEDIATION = (
    Operation("GET", "/counts/disputes", Orders.dispute_counts),
    Operation("GET", "/disputes/<dispute_id>/case-file", Orders.case_file),
    Operation("POST", f"{DISPUTE}/take", Orders.take_dispute),
    Operation("POST", f"{DISPUTE}/ask", Orders.ask_party),
    Operation("POST", f"{DISPUTE}/rule", Orders.rule_dispute),
    Operation("POST", f"{DISPUTE}/pass", Orders.pass_to_manager),
    Operation("POST", f"{DISPUTE}/decide", Orders.decide_appeal),
    Operation("GET", "/precedents", Orders.precedents),
    Operation("GET", "/merchants/<merchant_id>/disputes", Orders.merchant_stats),
    Operation("GET", "/merchant-disputes", Orders.merchants_stats),
    Operation("GET", "/order-visits", Delivery.order_visits),
    Operation("GET", "/sagas", Orders.sagas),
    Operation("POST", "/sagas/<saga_id>/retry", Orders.retry_saga),
)

REVIEWS = (
    Operation("GET", "/orders/<order_id>/review", Orders.review),
    Operation("POST", "/orders/<order_id>/review", Orders.write_review, 201),
    Operation("POST", "/orders/<order_id>/review/answer", Orders.answer_review),
    Operation("POST", "/orders/<order_id>/review/hide", Orders.hide_review),
    Operation("GET", "/stores/<store_id>/reviews", Orders.reviews, public=True),
    Operation("GET", "/store-scores", Orders.store_scores, public=True),
)

TABLES = {
    "resident": RESIDENT,
    "merchant": MERCHANT,
    "courier": COURIER,
    "gate": GATE,
    "staff": STAFF,
    "money": MONEY,
    "treasury": TREASURY,
    "deals": DEALS,
    "mediation": MEDIATION,
    "reviews": REVIEWS,
}
