"""Every question that the gateway puts to a service: what goes in, what comes back, the deadline.

Who asks travels in the present call
(`services.kernel.call`), so a view only says what it wants.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar, overload

from services.contracts import cards as k
from services.contracts import catalog as c
from services.contracts import delivery as d
from services.contracts import fees as f
from services.contracts import identity as i
from services.contracts import marketing as m
from services.contracts import orders as o
from services.contracts import reconciliation as r
from services.contracts import settlement as s
from services.contracts import withdrawals as w
from services.kernel.rpc_client import Services
from services.kernel.wire import Done, Page, Query, View

Question = TypeVar("Question", bound=Query)
Answer = TypeVar("Answer", bound=View)

READ_MS = 3000
WRITE_MS = 5000
SAGA_MS = 8000
"""Calls that themselves call other services or a pay channel."""
LONG_MS = 10_000
"""Calls that go through a file, a day, or all accounts."""
AUDIT_MS = 30_000


class Rpc(Generic[Question, Answer]):
    """One method of a service, as the gateway knows it."""

    service: str
    method: str

    def __init__(self, question: type[Question], answer: type[Answer], deadline_ms: int) -> None:
        self.question = question
        self.answer = answer
        self.deadline_ms = deadline_ms

    def __set_name__(self, owner: type["Front"], name: str) -> None:
        self.service, self.method = owner.service, name

    @overload
    def __get__(self, front: None, owner: type["Front"]) -> "Rpc[Question, Answer]": ...
    @overload
    def __get__(self, front: "Front", owner: type["Front"]) -> Callable[[Question], Answer]: ...
    def __get__(self, front: "Front | None", owner: type["Front"]) -> Any:
        return self if front is None else self.bound_to(front.services)

    def bound_to(self, services: Services) -> Callable[[Question], Answer]:
        """The call, ready to be made."""
        method = getattr(getattr(services, self.service), self.method)
        return partial(method, answer=self.answer, deadline_ms=self.deadline_ms)


class Front:
    """The calls of one service."""

    service: str

    def __init__(self, services: Services) -> None:
        self.services = services


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
    freeze_order = Rpc(s.FreezeOrder, s.FrozenView, WRITE_MS)
    rule_order = Rpc(s.RuleOrder, s.OrderMoneyView, SAGA_MS)
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
