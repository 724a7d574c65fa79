"""marketing's reads."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy import func as sql

from services.contracts.marketing import MarketingCounts, NoticeState, NoticeView
from services.kernel.db import Tx
from services.marketing.domain.notices import Kind, lines_of, link_of, title_of
from services.marketing.domain.promotions import Promotion
from services.marketing.tables import NoticeJobRow, NoticeRow, PromotionRow, WechatEventRow

PROMOTIONS_MAX = 500

# Built once: building a statement costs more than sending it, and every order asks.
_PROMOTIONS = (
    select(
        PromotionRow.promotion_id,
        PromotionRow.sku_id,
        PromotionRow.label,
        PromotionRow.off_fen,
        PromotionRow.funded_by,
    )
    .where(
        PromotionRow.sku_id.in_(bindparam("skus", expanding=True)),
        PromotionRow.ends_at > bindparam("now"),
        PromotionRow.starts_at <= bindparam("now"),
    )
    .order_by(PromotionRow.promotion_id)
    .limit(PROMOTIONS_MAX)
)


def promotions_for(tx: Tx, sku_ids: Sequence[str], now: datetime) -> list[Promotion]:
    """What runs now for these SKUs."""
    rows = tx.all(_PROMOTIONS, {"skus": sku_ids, "now": now})
    return [Promotion(**row._mapping) for row in rows]


def notices_of(
    tx: Tx, account_id: str, after: str | None, limit: int, public_url: str
) -> list[NoticeView]:
    """A person's notices, newest first, from below `after`."""
    statement = select(NoticeRow.__table__).where(NoticeRow.account_id == account_id)
    if after:
        statement = statement.where(NoticeRow.notice_id < after)
    rows = tx.all(statement.order_by(NoticeRow.notice_id.desc()).limit(limit))
    return [
        NoticeView(
            notice_id=row.notice_id,
            kind=row.kind,
            title=title_of(Kind(row.kind), row.facts),
            lines=lines_of(Kind(row.kind), row.facts),
            link=link_of(Kind(row.kind), row.facts, public_url),
            state=row.state,
            at=row.created_at,
        )
        for row in rows
    ]


def counts(tx: Tx, today: datetime) -> MarketingCounts:
    """Numbers of now; `today` is when the local day began."""
    return MarketingCounts(
        pending=_in_state(tx, NoticeState.PENDING),
        failed=_in_state(tx, NoticeState.FAILED),
        sent_today=tx.scalar(
            select(sql.count()).where(
                NoticeRow.state == NoticeState.SENT, NoticeRow.sent_at >= today
            )
        ),
        wechat_events_today=tx.scalar(
            select(sql.count()).where(WechatEventRow.received_at >= today)
        ),
    )


def _in_state(tx: Tx, state: NoticeState) -> int:
    jobs = select(sql.count()).where(NoticeJobRow.state == state).scalar_subquery()
    notices = select(sql.count()).where(NoticeRow.state == state).scalar_subquery()
    return int(tx.scalar(select(jobs + notices)))
