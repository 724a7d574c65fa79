"""A shop that sells prepaid cards, its members, and what becomes of their cards."""

from dataclasses import dataclass, field

from services.contracts.cards import CardQuery, CardView
from services.contracts.identity import MerchantLeft
from services.contracts.orders import RefundTo
from services.contracts.permissions import Permission, Role
from services.contracts.settlement import (
    Allocation,
    CardSale,
    FreezeOrder,
    OwnerKind,
    PaymentView,
    PayView,
    PayWay,
    RefundOrderPart,
    RuleOrder,
)
from services.kernel.actor import Actor
from services.kernel.ids import new_id
from services.settlement.use_cases.dispute import freeze_order, rule_order
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.refund_order import refund_part
from services.settlement.use_cases.return_cards import begin_return, return_cards
from services.settlement.use_cases.see_cards import see_card
from tests.support.settlement import COMMUNITY, Books, member_of, open_command
from tests.support.settlement_channel import NOW


@dataclass
class CardShop:
    """Sells 充300送30; whoever buys pays with WeChat."""

    books: Books
    merchant_id: str = field(default_factory=new_id)
    price_fen: int = 30_000
    gift_fen: int = 3000

    def ordered(self, household_id: str = "") -> PaymentView:
        """A payment for a card, open."""
        sale = CardSale(name="会员卡 充300送30", gift_fen=self.gift_fen)
        return self._open(household_id or new_id(), self.price_fen, card=sale)

    def paid(self, household_id: str = "") -> PaymentView:
        """A card that is paid; the order is not completed yet."""
        payment = self.ordered(household_id)
        self.books.notify(self.books.pays(payment))
        return payment

    def sold(self, household_id: str = "") -> PaymentView:
        """A card that its household has; the order that sold it has its id."""
        payment = self.paid(household_id)
        self.books.complete(payment)
        return payment

    def goods(self, household_id: str, amount_fen: int) -> PaymentView:
        """A payment for breakfast at this shop, open."""
        return self._open(household_id, amount_fen)

    def pays(self, payment: PaymentView, card_id: str) -> PayView:
        """Pay as much as possible with the card, and the rest with WeChat."""
        way = PayWay.WECHAT_JSAPI
        return self.books.pay(payment, way=way, card_id=card_id)

    def spent(self, card: PaymentView, amount_fen: int) -> PaymentView:
        """An order of the card's household, paid with the card alone."""
        payment = self.goods(card.household_id, amount_fen)
        assert self.pays(payment, card_of(card)).channel_fen == 0
        return payment

    def leaves(self) -> None:
        """`merchant.left` arrives."""
        event = MerchantLeft(aggregate_id=self.merchant_id, version=1, reason="合同到期")
        with self.books.db.transaction() as tx:
            begin_return(tx, event, self.books.now)

    def returns(self, batch: int = 100) -> int:
        """The worker runs once."""
        return return_cards(self.books.db, self.books.now, batch)

    def seen(self, card: PaymentView, actor: Actor | None = None) -> CardView:
        """The card as its household sees it."""
        query = CardQuery(card_id=card_of(card))
        return see_card(self.books.db, query, actor or member_of(card.household_id))

    def fund_of(self, card: PaymentView) -> int:
        """What is on the household's fund."""
        return self.books.fund_of(OwnerKind.HOUSEHOLD, card.household_id)

    def undo(self, card: PaymentView, amount_fen: int) -> None:
        """The cashier gives back so much of the sale, to the household's fund."""
        command = RefundOrderPart(
            request_id=new_id(),
            order_id=card_of(card),
            amount_fen=amount_fen,
            to=RefundTo.FUND,
            reason="不想要了",
        )
        refund_part(self.books.db, command, _clerk(), self.books.now)

    def freeze(self, card: PaymentView) -> None:
        """The sale is disputed."""
        command = FreezeOrder(request_id=new_id(), order_id=card_of(card), reason="没说有期限")
        freeze_order(self.books.db, command, self.books.now)

    def rule(self, card: PaymentView, to_resident_fen: int) -> None:
        """So much of the sale goes to the household's fund, the rest of it stands."""
        command = RuleOrder(
            request_id=new_id(),
            order_id=card_of(card),
            to_resident_fen=to_resident_fen,
            to=RefundTo.FUND,
            reason="各让一步",
        )
        rule_order(self.books.db, command, self.books.terms)

    def people(self) -> Actor:
        """Somebody who works at the shop."""
        permissions = frozenset({Permission.STORE_ORDER_HANDLE})
        return Actor(
            account_id=new_id(),
            permissions=permissions,
            groups={self.merchant_id: Role.SHOP_HAND},
        )

    def _open(
        self, household_id: str, amount_fen: int, card: CardSale | None = None
    ) -> PaymentView:
        part = Allocation(
            order_id=new_id(), merchant_id=self.merchant_id, amount_fen=amount_fen, card=card
        )
        command = open_command(household_id=household_id, allocations=[part])
        return open_payment(self.books.db, command, NOW)


def _clerk() -> Actor:
    permissions = frozenset({Permission.MONEY_REFUND})
    return Actor(
        account_id=new_id(), name="顾晓琳", permissions=permissions, communities=(COMMUNITY,)
    )


def card_of(payment: PaymentView) -> str:
    """The id of the card that a payment's only order sells."""
    return payment.allocations[0].order_id
