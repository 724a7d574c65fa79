"""What must hold of prepaid cards: money that was paid in and promises that were made."""

from typing import Any

from sqlalchemy import Select, case, func, literal, or_, select, union_all

from services.contracts.settlement import EscrowState
from services.settlement.audit.claims import Claim
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.holds import HoldState
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import AccountRow, EntryRow, EscrowRow, HoldRow, TransferRow
from services.settlement.tables_cards import CardRow


def claims() -> list[Claim]:
    """Name, sentence, the table whose rows are looked at, and what would break the sentence."""
    return [
        ("card_money", "每张会员卡售出和退回的金额与账本一致", CardRow, _wrong_money()),
        ("card_sales", "每笔完成的售卡订单都有它的会员卡", CardRow, _sales_without_card()),
        ("card_gifts", "商家承诺的赠送额等于会员卡上的赠送额", CardRow, _wrong_promises()),
    ]


def _moved(*kinds: TransferKind) -> Any:
    return func.coalesce(
        func.sum(case((TransferRow.kind.in_(kinds), EntryRow.amount_fen), else_=0)), 0
    )


def _wrong_money() -> Select[Any]:
    sold = _moved(TransferKind.CARD_SOLD, TransferKind.TAKEN_BACK)
    returned = -_moved(TransferKind.CARD_RETURNED)
    return (
        select(CardRow.card_id, CardRow.paid_in_fen, sold, CardRow.returned_fen, returned)
        .outerjoin(EntryRow, EntryRow.account_id == CardRow.money_account_id)
        .outerjoin(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
        .group_by(CardRow.card_id, CardRow.paid_in_fen, CardRow.returned_fen)
        .having(or_(sold != CardRow.paid_in_fen, returned != CardRow.returned_fen))
    )


def _sales_without_card() -> Select[Any]:
    return (
        select(EscrowRow.order_id, EscrowRow.state)
        .outerjoin(CardRow, CardRow.card_id == EscrowRow.order_id)
        .where(
            EscrowRow.card_name.is_not(None),
            EscrowRow.state == EscrowState.RELEASED,
            CardRow.card_id.is_(None),
        )
    )


def _wrong_promises() -> Select[Any]:
    """Merchants whose promises are not, to the fen, on cards or set aside from cards."""
    promised = (
        select(AccountRow.owner.label("merchant_id"), EntryRow.amount_fen.label("fen"))
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .where(AccountRow.kind == AccountKind.MERCHANT_PROMISE)
    )
    on_cards = select(CardRow.merchant_id, AccountRow.balance_fen).join(
        AccountRow, AccountRow.account_id == CardRow.gift_account_id
    )
    set_aside = (
        select(CardRow.merchant_id, HoldRow.amount_fen)
        .join(HoldRow, HoldRow.source_owner == CardRow.card_id)
        .where(HoldRow.source_kind == AccountKind.CARD_GIFT, HoldRow.state == HoldState.HELD)
    )
    all_of_it = union_all(promised, on_cards, set_aside).subquery("promises")
    total = func.sum(all_of_it.c.fen)
    return (
        select(all_of_it.c.merchant_id, literal("off by"), total)
        .group_by(all_of_it.c.merchant_id)
        .having(total != 0)
    )
