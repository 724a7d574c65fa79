"""Which communities a member of staff looks after: those on record, or all where none is."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, or_, select

from services.contracts.identity import NoSuchPlace
from services.identity.tables import CommunityRow, StaffCommunityRow
from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.kernel.errors import Forbidden


def need_communities(tx: Tx, actor: Actor, community_ids: Collection[str]) -> None:
    """NoSuchPlace for a community that does not exist or that others look after."""
    wanted = set(community_ids)
    found = select(CommunityRow.community_id).where(
        CommunityRow.community_id.in_(sorted(wanted)),
        or_(~_scoped(actor), _assigned(actor, CommunityRow.community_id)),
    )
    missing = wanted - {row.community_id for row in tx.all(found)}
    if missing:
        raise NoSuchPlace(fields=dict.fromkeys(sorted(missing), "no such community"))


def need_all_communities(tx: Tx, actor: Actor) -> None:
    """Forbidden for staff who look after some communities only."""
    if tx.scalar(select(_scoped(actor))):
        raise Forbidden("only for staff of all communities")


def _scoped(actor: Actor) -> ColumnElement[bool]:
    return exists().where(StaffCommunityRow.account_id == actor.account_id)


def _assigned(actor: Actor, community_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    return exists().where(
        StaffCommunityRow.account_id == actor.account_id,
        StaffCommunityRow.community_id == community_id,
    )
