"""Every question that the gateway puts to a service: what goes in, what comes back, the deadline.

Who asks travels in the present call
(`services.kernel.call`), so a view only says what it wants.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar, overload

from services.contracts import catalog as c
from services.contracts import delivery as d
from services.contracts import identity as i
from services.contracts import marketing as m
from services.contracts import orders as o
from services.contracts import settlement as s
from services.kernel.rpc_client import Services
from services.kernel.wire import Done, Page, Query, View

Question = TypeVar("Question", bound=Query)
Answer = TypeVar("Answer", bound=View)

READ_MS = 3000
WRITE_MS = 5000
SAGA_MS = 8000
"""Calls that themselves call other services or a pay channel."""


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
    pay_with_wechat = Rpc(s.PayWithWechat, s.PrepayView, SAGA_MS)
    payment = Rpc(s.PaymentQuery, s.PaymentView, WRITE_MS)
    receive_notice = Rpc(s.ReceiveNotice, s.NoticeView, 4000)
    fund = Rpc(s.FundQuery, s.FundView, READ_MS)
    order_money = Rpc(s.OrderMoneyQuery, s.OrderMoneyView, READ_MS)
    audit = Rpc(s.AuditQuery, s.AuditView, 30_000)
    match_orders = Rpc(s.MatchOrders, s.Proof, 10_000)
    counts = Rpc(s.MoneyCountsQuery, s.MoneyCounts, READ_MS)


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
