"""Every question that the gateway puts to a service: what goes in, what comes back, the deadline.

Who asks travels in the present call
(`services.kernel.call`), so a view only says what it wants.
"""

from typing import Any

from gateway.fronts import AUDIT_MS, LONG_MS, READ_MS, SAGA_MS, WRITE_MS, Front, Rpc
from services.contracts import after_sales as a
from services.contracts import amendments as n
from services.contracts import cards as k
from services.contracts import catalog as c
from services.contracts import delivery as d
from services.contracts import disputes as q
from services.contracts import fees as f
from services.contracts import identity as i
from services.contracts import marketing as m
from services.contracts import orders as o
from services.contracts import reconciliation as r
from services.contracts import reviews as v
from services.contracts import settlement as s
from services.contracts import withdrawals as w
from services.kernel.rpc_client import Services
from services.kernel.wire import Done, Page


class Identity(Front):
    """Who everybody is."""

    service = "identity"
    sign_in_with_wechat = Rpc(i.SignInWithWechat, i.SessionView, WRITE_MS)
    sign_in_staff = Rpc(i.SignInStaff, i.SessionView, WRITE_MS)
    end_session = Rpc(i.EndSession, Done, WRITE_MS)
    actor_token = Rpc(i.SessionQuery, i.ActorTokenView, READ_MS)
    me = Rpc(i.MeQuery, i.MeView, READ_MS)
    communities = Rpc(i.CommunitiesQuery, i.CommunitiesView, READ_MS)
    community = Rpc(i.CommunityQuery, i.CommunityView, READ_MS)
    stores = Rpc(i.StoresQuery, Page[i.StoreView], READ_MS)
    store = Rpc(i.StoreQuery, i.StoreView, READ_MS)
    stores_by_id = Rpc(i.StoresByIdQuery, Page[i.StoreView], READ_MS)
    merchants = Rpc(i.MerchantsQuery, Page[i.MerchantView], READ_MS)
    counts = Rpc(i.IdentityCountsQuery, i.IdentityCounts, READ_MS)
    register_community = Rpc(i.RegisterCommunity, i.Registered, WRITE_MS)
    register_gate = Rpc(i.RegisterGate, i.Registered, WRITE_MS)
    register_building = Rpc(i.RegisterBuilding, i.Registered, WRITE_MS)
    register_household = Rpc(i.RegisterHousehold, i.Registered, WRITE_MS)
    register_account = Rpc(i.RegisterAccount, i.Registered, WRITE_MS)
    register_staff = Rpc(i.RegisterStaff, i.Registered, WRITE_MS)
    register_merchant = Rpc(i.RegisterMerchant, i.Registered, WRITE_MS)
    leave_merchant = Rpc(i.LeaveMerchant, Done, WRITE_MS)
    withdraw_certification = Rpc(i.WithdrawCertification, Done, WRITE_MS)


class Catalog(Front):
    """The shelf."""

    service = "catalog"
    items = Rpc(c.ItemsQuery, Page[c.ItemView], READ_MS)
    item = Rpc(c.ItemQuery, c.ItemView, READ_MS)
    skus = Rpc(c.SkusQuery, c.SkuLinesView, READ_MS)
    counts = Rpc(c.CatalogCountsQuery, c.CatalogCounts, READ_MS)
    put_item = Rpc(c.PutItem, c.ItemView, WRITE_MS)
    set_stock = Rpc(c.SetStock, c.SkuView, WRITE_MS)


class Orders(Front):
    """What was agreed."""

    service = "orders"
    place_orders = Rpc(o.PlaceOrders, o.PlacedView, SAGA_MS)
    order = Rpc(o.OrderQuery, o.OrderView, READ_MS)
    household_orders = Rpc(o.HouseholdOrdersQuery, Page[o.OrderBrief], READ_MS)
    store_orders = Rpc(o.StoreOrdersQuery, Page[o.OrderBrief], READ_MS)
    all_orders = Rpc(o.AllOrdersQuery, Page[o.OrderBrief], READ_MS)
    counts = Rpc(o.StateCountsQuery, o.StateCounts, READ_MS)
    order_amounts = Rpc(o.OrderAmountsQuery, Page[o.OrderAmount], READ_MS)
    cancel_order = Rpc(o.CancelOrder, o.OrderView, SAGA_MS)
    confirm_order = Rpc(o.ConfirmOrder, o.OrderView, WRITE_MS)
    mark_ready = Rpc(o.MarkReady, o.OrderView, WRITE_MS)
    dispatch_order = Rpc(o.DispatchOrder, o.OrderView, SAGA_MS)
    confirm_receipt = Rpc(o.ConfirmReceipt, o.OrderView, WRITE_MS)
    hand_over = Rpc(o.HandOver, o.OrderView, WRITE_MS)
    order_by_code = Rpc(o.CodeQuery, o.OrderView, READ_MS)
    start_service = Rpc(o.StartService, o.OrderView, WRITE_MS)
    finish_service = Rpc(o.FinishService, o.OrderView, WRITE_MS)
    taken_slots = Rpc(o.TakenSlotsQuery, o.TakenSlots, READ_MS)
    desk = Rpc(o.DeskQuery, o.DeskView, READ_MS)
    say = Rpc(o.Say, o.MessageView, WRITE_MS)
    thread = Rpc(o.ThreadQuery, Page[o.MessageView], READ_MS)
    record = Rpc(o.RecordQuery, o.OrderRecord, READ_MS)
    sagas = Rpc(o.SagasQuery, Page[o.SagaView], READ_MS)
    retry_saga = Rpc(o.RetrySaga, o.SagaView, SAGA_MS)
    # amendments
    amendments = Rpc(n.AmendmentsQuery, n.AmendmentsView, READ_MS)
    propose_amendment = Rpc(n.ProposeAmendment, n.AmendmentView, SAGA_MS)
    answer_amendment = Rpc(n.AnswerAmendment, n.AmendmentView, SAGA_MS)
    withdraw_amendment = Rpc(n.WithdrawAmendment, n.AmendmentView, WRITE_MS)
    # after-sales
    case = Rpc(a.CaseQuery, a.CaseView, READ_MS)
    cases = Rpc(a.CasesQuery, Page[a.CaseView], READ_MS)
    open_case = Rpc(a.OpenCase, a.CaseView, SAGA_MS)
    answer_case = Rpc(a.AnswerCase, a.CaseView, SAGA_MS)
    accept_offer = Rpc(a.AcceptOffer, a.CaseView, SAGA_MS)
    withdraw_case = Rpc(a.WithdrawCase, a.CaseView, SAGA_MS)
    send_back = Rpc(a.SendBack, a.CaseView, WRITE_MS)
    take_back = Rpc(a.TakeBack, a.CaseView, SAGA_MS)
    send_replacement = Rpc(a.SendReplacement, a.CaseView, SAGA_MS)
    confirm_replacement = Rpc(a.ConfirmReplacement, a.CaseView, SAGA_MS)
    escalate_case = Rpc(a.EscalateCase, q.DisputeView, SAGA_MS)
    # disputes
    dispute = Rpc(q.DisputeQuery, q.DisputeView, READ_MS)
    disputes = Rpc(q.DisputesQuery, Page[q.DisputeBrief], READ_MS)
    dispute_counts = Rpc(q.DisputeCountsQuery, q.DisputeCounts, READ_MS)
    case_file = Rpc(q.CaseFileQuery, q.CaseFile, READ_MS)
    open_dispute = Rpc(q.OpenDispute, q.DisputeView, SAGA_MS)
    propose_split = Rpc(q.ProposeSplit, q.DisputeView, WRITE_MS)
    accept_split = Rpc(q.AcceptSplit, q.DisputeView, SAGA_MS)
    call_mediator = Rpc(q.CallMediator, q.DisputeView, WRITE_MS)
    withdraw_dispute = Rpc(q.WithdrawDispute, q.DisputeView, SAGA_MS)
    take_dispute = Rpc(q.TakeDispute, q.DisputeView, WRITE_MS)
    ask_party = Rpc(q.AskParty, q.DisputeView, WRITE_MS)
    rule_dispute = Rpc(q.RuleDispute, q.DisputeView, WRITE_MS)
    pass_to_manager = Rpc(q.PassToManager, q.DisputeView, WRITE_MS)
    accept_ruling = Rpc(q.AcceptRuling, q.DisputeView, SAGA_MS)
    appeal_ruling = Rpc(q.AppealRuling, q.DisputeView, WRITE_MS)
    decide_appeal = Rpc(q.DecideAppeal, q.DisputeView, SAGA_MS)
    precedents = Rpc(q.PrecedentsQuery, Page[q.PrecedentView], READ_MS)
    merchant_stats = Rpc(q.MerchantStatsQuery, q.MerchantStats, READ_MS)
    merchants_stats = Rpc(q.MerchantsStatsQuery, Page[q.MerchantStats], READ_MS)
    # reviews
    review = Rpc(v.ReviewQuery, v.ReviewView, READ_MS)
    reviews = Rpc(v.ReviewsQuery, Page[v.ReviewView], READ_MS)
    store_scores = Rpc(v.StoreScoresQuery, v.StoreScores, READ_MS)
    write_review = Rpc(v.WriteReview, v.ReviewView, WRITE_MS)
    answer_review = Rpc(v.AnswerReview, v.ReviewView, WRITE_MS)
    hide_review = Rpc(v.HideReview, v.ReviewView, WRITE_MS)


class Settlement(Front):
    """Every fen."""

    service = "settlement"
    pay = Rpc(s.Pay, s.PayView, SAGA_MS)
    payment = Rpc(s.PaymentQuery, s.PaymentView, WRITE_MS)
    receive_notice = Rpc(s.ReceiveNotice, s.NoticeView, 4000)
    fund = Rpc(s.FundQuery, s.FundView, READ_MS)
    order_money = Rpc(s.OrderMoneyQuery, s.OrderMoneyView, READ_MS)
    settled_orders = Rpc(s.SettledOrdersQuery, Page[s.SettledOrder], READ_MS)
    counts = Rpc(s.MoneyCountsQuery, s.MoneyCounts, READ_MS)
    audit = Rpc(s.AuditQuery, s.AuditView, AUDIT_MS)
    match_orders = Rpc(s.MatchOrders, s.Proof, LONG_MS)
    trial_balance = Rpc(s.TrialBalanceQuery, s.TrialBalanceView, LONG_MS)

    refund_order_part = Rpc(s.RefundOrderPart, s.OrderMoneyView, SAGA_MS)
    refunds = Rpc(s.RefundsQuery, Page[s.RefundView], READ_MS)
    retry_refund = Rpc(s.RetryRefund, s.RefundView, SAGA_MS)
    redirect_refund = Rpc(s.RedirectRefund, s.RefundView, WRITE_MS)
    pay_out_refund = Rpc(s.PayOutRefund, s.RefundView, WRITE_MS)

    take_at_desk = Rpc(s.TakeAtDesk, s.DeskReceipt, SAGA_MS)
    desk_receipt = Rpc(s.DeskReceiptQuery, s.DeskReceipt, READ_MS)
    take_deposit = Rpc(s.TakeDeposit, s.DeskReceipt, WRITE_MS)
    cash = Rpc(s.CashQuery, Page[s.CashView], READ_MS)
    cash_due = Rpc(s.CashDueQuery, s.CashList, READ_MS)
    hand_in_cash = Rpc(s.HandInCash, s.HandedIn, WRITE_MS)

    commission_rules = Rpc(s.CommissionRulesQuery, s.CommissionRules, READ_MS)
    put_commission_rule = Rpc(s.PutCommissionRule, s.CommissionRules, WRITE_MS)
    custody = Rpc(s.CustodyQuery, s.CustodyView, READ_MS)
    put_custody = Rpc(s.PutCustody, s.CustodyView, WRITE_MS)
    put_sub_merchant = Rpc(s.PutSubMerchant, Done, SAGA_MS)
    correct_transfer = Rpc(s.CorrectTransfer, s.CorrectionView, WRITE_MS)

    put_payout_account = Rpc(w.PutPayoutAccount, w.PayoutAccountView, WRITE_MS)
    payout_account = Rpc(w.PayoutAccountQuery, w.PayoutAccountView, READ_MS)
    withdraw = Rpc(w.Withdraw, w.WithdrawalView, SAGA_MS)
    withdrawal = Rpc(w.WithdrawalQuery, w.WithdrawalView, WRITE_MS)
    withdrawals = Rpc(w.WithdrawalsQuery, Page[w.WithdrawalView], READ_MS)
    cancel_withdrawal = Rpc(w.CancelWithdrawal, w.WithdrawalView, SAGA_MS)
    approve_withdrawal = Rpc(w.ApproveWithdrawal, w.WithdrawalView, SAGA_MS)
    reject_withdrawal = Rpc(w.RejectWithdrawal, w.WithdrawalView, WRITE_MS)
    make_bank_file = Rpc(w.MakeBankFile, w.BankFileView, LONG_MS)
    bank_file = Rpc(w.BankFileQuery, w.BankFileView, READ_MS)
    bank_files = Rpc(w.BankFilesQuery, Page[w.BankFileLine], READ_MS)
    import_bank_result = Rpc(w.ImportBankResult, w.BankResultView, LONG_MS)

    fee_bills = Rpc(f.FeeBillsQuery, Page[f.FeeBillView], READ_MS)
    fee_bill = Rpc(f.FeeBillQuery, f.FeeBillView, READ_MS)
    fee_payments = Rpc(f.FeePaymentsQuery, Page[f.FeePaymentView], READ_MS)
    open_fee_payment = Rpc(f.OpenFeePayment, f.FeePaymentOpened, WRITE_MS)
    offset_fee = Rpc(f.OffsetFee, f.FeePaymentView, SAGA_MS)
    take_fee_at_desk = Rpc(f.TakeFeeAtDesk, f.FeePaymentView, WRITE_MS)
    reverse_fee_payment = Rpc(f.ReverseFeePayment, f.FeePaymentView, SAGA_MS)
    fee_receipt = Rpc(f.FeeReceiptQuery, f.FeeReceiptView, WRITE_MS)
    import_fee_bills = Rpc(f.ImportFeeBills, f.FeeImportView, LONG_MS)
    fetch_fee_bills = Rpc(f.FetchFeeBills, f.FeeImportView, LONG_MS)

    cards = Rpc(k.CardsQuery, Page[k.CardView], READ_MS)
    card = Rpc(k.CardQuery, k.CardView, READ_MS)
    card_returns = Rpc(k.CardReturnsQuery, k.CardReturnsView, READ_MS)

    reconciliation_days = Rpc(r.ReconciliationDaysQuery, Page[r.ReconciliationDay], READ_MS)
    differences = Rpc(r.DifferencesQuery, r.DifferencesView, READ_MS)
    reconcile_day = Rpc(r.ReconcileDay, r.ReconciliationDay, LONG_MS)
    mend_difference = Rpc(r.MendDifference, r.Difference, SAGA_MS)
    close_day = Rpc(r.CloseDay, r.ReconciliationDay, WRITE_MS)


class Delivery(Front):
    """Who brings it, by which gate."""

    service = "delivery"
    register_courier = Rpc(d.RegisterCourier, d.CourierView, SAGA_MS)
    couriers = Rpc(d.CouriersQuery, d.CouriersView, READ_MS)
    my_visits = Rpc(d.MyVisitsQuery, d.VisitsView, READ_MS)
    pass_for = Rpc(d.PassQuery, d.PassView, READ_MS)
    deliver_drop = Rpc(d.DeliverDrop, d.DropView, WRITE_MS)
    check_pass = Rpc(d.CheckPass, d.VisitView, READ_MS)
    visit = Rpc(d.VisitQuery, d.VisitView, READ_MS)
    admit_visit = Rpc(d.AdmitVisit, d.VisitView, WRITE_MS)
    refuse_visit = Rpc(d.RefuseVisit, d.VisitView, WRITE_MS)
    leave_visit = Rpc(d.LeaveVisit, d.VisitView, WRITE_MS)
    order_visits = Rpc(d.OrderVisitsQuery, d.OrderVisitsView, READ_MS)
    gate_log = Rpc(d.GateLogQuery, Page[d.VisitView], READ_MS)
    counts = Rpc(d.DeliveryCountsQuery, d.DeliveryCounts, READ_MS)


class Marketing(Front):
    """The WeChat accounts."""

    service = "marketing"
    put_wechat_account = Rpc(m.PutWechatAccount, Done, WRITE_MS)
    wechat_account = Rpc(m.WechatAccountQuery, m.WechatAccountView, 1000)
    exchange_code = Rpc(m.ExchangeCode, m.OpenidView, SAGA_MS)
    answer_text = Rpc(m.AnswerText, m.ReplyView, 2000)
    notices = Rpc(m.NoticesQuery, Page[m.NoticeView], READ_MS)
    counts = Rpc(m.MarketingCountsQuery, m.MarketingCounts, READ_MS)


class Backends:
    """All six services; made after the fork."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.identity = Identity(services)
        self.catalog = Catalog(services)
        self.orders = Orders(services)
        self.settlement = Settlement(services)
        self.delivery = Delivery(services)
        self.marketing = Marketing(services)


FRONTS: tuple[type[Front], ...] = (Identity, Catalog, Orders, Settlement, Delivery, Marketing)


def every_rpc() -> list[Rpc[Any, Any]]:
    """All calls that the gateway can make."""
    return [rpc for front in FRONTS for rpc in vars(front).values() if isinstance(rpc, Rpc)]
