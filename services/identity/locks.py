"""Every FOR UPDATE of identity.

Order: home, accounts by id, WeChat users, merchant, certifications.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, or_, select

from services.identity.tables import (
    AccountRow,
    CertificationRow,
    HomeRow,
    MerchantRow,
    WechatUserRow,
)
from services.kernel.db import Tx


def home_for_update(tx: Tx, home_id: str) -> bool:
    """True when there is such a home; nobody else registers a household there until we commit."""
    found = select(HomeRow.home_id).where(HomeRow.home_id == home_id)
    return tx.first(found.with_for_update()) is not None


def merchant_for_update(tx: Tx, merchant_id: str) -> Row[Any] | None:
    """The merchant with `left_at`, or None."""
    found = select(MerchantRow.merchant_id, MerchantRow.left_at)
    return tx.first(found.where(MerchantRow.merchant_id == merchant_id).with_for_update())


def certifications_for_update(tx: Tx, subject_ids: Collection[str]) -> list[Row[Any]]:
    """The certifications of these subjects, by id."""
    found = select(
        CertificationRow.subject_id,
        CertificationRow.subject,
        CertificationRow.state,
        CertificationRow.until,
    ).where(CertificationRow.subject_id.in_(sorted(subject_ids)))
    return tx.all(found.order_by(CertificationRow.subject_id).with_for_update())


def accounts_for_update(tx: Tx, account_id: str, phone: str) -> list[Row[Any]]:
    """The accounts with this id or this phone: none, one or two."""
    found = select(AccountRow.account_id, AccountRow.name, AccountRow.phone)
    mine = or_(AccountRow.account_id == account_id, AccountRow.phone == phone)
    return tx.all(found.where(mine).order_by(AccountRow.account_id).with_for_update())


def wechat_user_for_update(tx: Tx, app_id: str, openid: str) -> str | None:
    """The account that a WeChat user is bound to."""
    found = select(WechatUserRow.account_id).where(
        WechatUserRow.app_id == app_id, WechatUserRow.openid == openid
    )
    row = tx.first(found.with_for_update())
    return row.account_id if row else None
