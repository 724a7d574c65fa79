"""Reads of the rules that people make: commission, custody, the shops' own merchant numbers."""

from datetime import date
from typing import Any

from sqlalchemy import Row, or_, select

from services.contracts.settlement import (
    CommissionRule,
    CommissionRules,
    Custody,
    CustodyView,
)
from services.kernel.db import Tx
from services.settlement.tables_desk import CommissionRuleRow, CustodyRow, SubMerchantRow

RULES_MAX = SUB_MERCHANTS_MAX = 1000


def commission_rules(tx: Tx, today: date) -> CommissionRules:
    """Those in force on a Beijing day and to come, in the order in which they win."""
    rule = CommissionRuleRow
    rows = tx.all(
        select(rule.__table__)
        .where(or_(rule.until_day.is_(None), rule.until_day >= today))
        .order_by(rule.merchant_id.desc(), rule.category.desc(), rule.made_at.desc())
        .limit(RULES_MAX)
    )
    return CommissionRules(items=[_rule(row) for row in rows])


def _rule(row: Row[Any]) -> CommissionRule:
    return CommissionRule(
        rule_id=row.rule_id,
        merchant_id=row.merchant_id or None,
        category=row.category,
        rate_bp=row.rate_bp,
        from_day=row.from_day,
        until_day=row.until_day,
        made_by=row.made_by,
        made_at=row.made_at,
    )


def custody(tx: Tx, community_id: str) -> CustodyView:
    """How a community's money is kept; the property collects where nobody chose otherwise."""
    chosen = tx.scalar(select(CustodyRow.custody).where(CustodyRow.community_id == community_id))
    shops = tx.all(
        select(SubMerchantRow.merchant_id, SubMerchantRow.sub_mchid)
        .order_by(SubMerchantRow.merchant_id)
        .limit(SUB_MERCHANTS_MAX)
    )
    return CustodyView(
        community_id=community_id,
        custody=Custody(chosen) if chosen else Custody.COLLECT,
        sub_merchants={shop.merchant_id: shop.sub_mchid for shop in shops},
    )
