"""Settlement with a channel made by hand, and the acts that its tests are made of."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from services.contracts.orders import OrderCancelled, OrderCompleted, RefundTo
from services.contracts.permissions import Permission, Role
from services.contracts.settlement import (
    Allocation,
    Channel,
    DeskMethod,
    NoticeView,
    OpenPayment,
    OwnerKind,
    Pay,
    PaymentView,
    PayView,
    PayWay,
    ReceiveNotice,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.ids import derived_id, new_id
from services.settlement import ledger, money_queries
from services.settlement.audit import prove_books
from services.settlement.domain import accounts
from services.settlement.domain.postings import Till
from services.settlement.tables import NoticeRow
from services.settlement.use_cases.give_back import DESK
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.pay import pay
from services.settlement.use_cases.receive_notice import receive_notice
from services.settlement.use_cases.release_order import Terms
from services.settlement.use_cases.resolve_escrow import refund_escrow, release_escrow
from services.settlement.use_cases.take_internally import DOOR, INTERNAL
from tests.support.settlement_channel import NOW, FakeChannel

OPENID = "oHkLxt-payer-one"
COMMUNITY = derived_id("community", "tests")
"""Where everybody of the tests lives and works."""
OWN_TILLS = [
    (till.channel, till.merchant_number)
    for till in (DESK, DOOR, INTERNAL, Till(Channel.DESK, DeskMethod.POS))
]


def open_command(*amounts_fen: int, **changes: object) -> OpenPayment:
    """A payment of so many orders."""
    values: dict[str, object] = {
        "request_id": new_id(),
        "payment_id": new_id(),
        "household_id": new_id(),
        "community_id": COMMUNITY,
        "payer_account_id": new_id(),
        "subject": "豆浆×2 油条×4",
        "pay_before": NOW + timedelta(minutes=15),
        "allocations": [
            Allocation(order_id=new_id(), merchant_id=new_id(), amount_fen=amount_fen)
            for amount_fen in amounts_fen or (1500,)
        ],
    }
    return OpenPayment.model_validate(values | changes)


def member_of(household_id: str) -> Actor:
    """A resident of the household."""
    permissions = frozenset({Permission.PAYMENT_PAY, Permission.FUND_VIEW, Permission.FUND_USE})
    return Actor(account_id=new_id(), permissions=permissions, groups={household_id: Role.OWNER})


def shopkeeper_of(merchant_id: str) -> Actor:
    """Somebody of the merchant's who may see its fund."""
    permissions = frozenset({Permission.MERCHANT_FUND_VIEW})
    return Actor(
        account_id=new_id(), permissions=permissions, groups={merchant_id: Role.SHOPKEEPER}
    )


def cashier() -> Actor:
    """Staff who may see all money of the community."""
    rights = frozenset({Permission.MONEY_VIEW_ANY})
    return Actor(account_id=new_id(), permissions=rights, communities=(COMMUNITY,))


@dataclass
class Books:
    """Settlement with a fake channel, and the acts that tests are made of."""

    db: Database
    channel: FakeChannel = field(default_factory=FakeChannel)
    now: datetime = NOW

    def __post_init__(self) -> None:
        till = self.channel.till
        tills = [(till.channel, till.merchant_number), *OWN_TILLS]
        standing = accounts.standing(tills)
        with self.db.transaction() as tx:
            ledger.open_accounts(tx, standing, self.now)

    @property
    def channels(self) -> dict[Channel, FakeChannel]:
        return {Channel.WECHAT: self.channel}

    def open(self, *amounts_fen: int) -> PaymentView:
        return open_payment(self.db, open_command(*amounts_fen), NOW)

    def pay(
        self,
        payment: PaymentView,
        openid: str = OPENID,
        now: datetime | None = None,
        way: PayWay = PayWay.WECHAT_JSAPI,
        **wish: object,
    ) -> PayView:
        """Somebody of the household pays; `wish` are further fields of Pay."""
        command = Pay.model_validate(
            {
                "request_id": new_id(),
                "payment_id": payment.payment_id,
                "openid": openid,
                "way": way,
                **wish,
            }
        )
        payer = member_of(payment.household_id)
        return pay(self.db, self.channels, command, payer, now or self.now)

    def number_of(self, view: PayView) -> str:
        """The channel order's number."""
        assert view.offer is not None
        if view.offer.jsapi is None:
            return view.offer.code_url.removeprefix("wx-prepay-")
        return view.offer.jsapi.package.removeprefix("prepay_id=wx-prepay-")

    @property
    def terms(self) -> Terms:
        """What a release of this moment goes by."""
        return Terms(timedelta(hours=72), self.now)

    def pays(self, payment: PaymentView, openid: str = OPENID) -> str:
        """Prepay and the payer's act; the channel order's number, with no notice yet."""
        number = self.number_of(self.pay(payment, openid))
        self.channel.is_paid(number)
        return number

    def notify(
        self,
        number: str,
        *,
        refund: bool = False,
        notice_id: str = "",
        genuine: bool = True,
        event_type: str = "",
    ) -> NoticeView:
        """The channel's notice arrives."""
        told = {
            "id": notice_id or new_id(),
            "event_type": event_type or ("REFUND.SUCCESS" if refund else "TRANSACTION.SUCCESS"),
            "number": number,
            "refund": refund,
        }
        command = ReceiveNotice(
            request_id=new_id(),
            channel=Channel.WECHAT,
            headers={"genuine": "yes" if genuine else "no"},
            body=json.dumps(told),
        )
        return receive_notice(self.db, self.channels, command, self.now)

    def paid(self, *amounts_fen: int) -> PaymentView:
        """A payment whose money is held."""
        payment = self.open(*amounts_fen)
        self.notify(self.pays(payment))
        return payment

    def complete(
        self,
        payment: PaymentView,
        index: int = 0,
        now: datetime | None = None,
        *,
        given_back: bool = False,
    ) -> None:
        """`order.completed` arrives for one of its orders."""
        with self.db.transaction() as tx:
            terms = Terms(timedelta(hours=72), now or self.now)
            release_escrow(tx, completed(payment, index, given_back=given_back), terms)

    def cancel(
        self,
        payment: PaymentView,
        index: int = 0,
        to: RefundTo = RefundTo.CHANNEL,
        *,
        given_back: bool = False,
    ) -> None:
        """`order.cancelled` arrives for one of its orders."""
        with self.db.transaction() as tx:
            refund_escrow(tx, cancelled(payment, index, to, given_back=given_back), self.now)

    def balance(self, account: accounts.Account) -> int:
        """From the entries, whatever the kept balance says."""
        with self.db.reading() as tx:
            return ledger.summed_balance_fen(tx, account.account_id)

    def fund_of(self, owner_kind: OwnerKind, owner_id: str) -> int:
        """The kept balance of a fund."""
        with self.db.reading() as tx:
            return money_queries.balance_fen(tx, accounts.fund(owner_kind, owner_id).account_id)

    def notices(self) -> list[tuple[str, str]]:
        """Outcome and reason of each notice on record, oldest first."""
        query = select(NoticeRow.outcome, NoticeRow.reason).order_by(NoticeRow.row_id)
        with self.db.reading() as tx:
            return [(row.outcome, row.reason) for row in tx.all(query)]

    def count(self, table: type) -> int:
        """Rows of a table."""
        with self.db.reading() as tx:
            return int(tx.scalar(select(func.count()).select_from(table)))

    def assert_proved(self, bill_days: int = 2) -> None:
        """The audit, the fake channel's bill included, finds nothing."""
        view = prove_books(self.db, self.channels, bill_days, self.now)
        assert view.proved, [proof for proof in view.proofs if not proof.holds]


def _order_event(payment: PaymentView, index: int) -> dict[str, object]:
    part = payment.allocations[index]
    return {
        "aggregate_id": part.order_id,
        "number": "#0001",
        "payment_id": payment.payment_id,
        "household_id": payment.household_id,
        "merchant_id": part.merchant_id,
        "store_id": new_id(),
        "store_name": "老王早餐",
        "community_id": new_id(),
        "amount_fen": part.amount_fen,
        "placed_by": new_id(),
        "reservation_id": new_id(),
    }


def completed(payment: PaymentView, index: int = 0, *, given_back: bool = False) -> OrderCompleted:
    """The event that releases an order's money."""
    more = {"given_back": given_back}
    return OrderCompleted.model_validate(_order_event(payment, index) | more)


def cancelled(
    payment: PaymentView,
    index: int = 0,
    to: RefundTo = RefundTo.CHANNEL,
    *,
    given_back: bool = False,
) -> OrderCancelled:
    """The event that sends an order's money back."""
    more = {"paid": True, "refund_to": to, "reason": "不想要了", "given_back": given_back}
    return OrderCancelled.model_validate(_order_event(payment, index) | more)
