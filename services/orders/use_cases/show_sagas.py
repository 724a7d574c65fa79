"""Work across services that hangs, for staff to see and to push."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, tuple_

from services.contracts.orders import NotYourOrder, RetrySaga, SagasQuery, SagaView
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.rpc_client import Services
from services.kernel.wire import Page
from services.orders.domain.saga import Saga
from services.orders.queries import checked_id
from services.orders.sagas.engine import At, again, drive, step_name
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.tables import OrderRow
from services.orders.tables_sagas import SagaRow

STUCK_TRIES = 3
_OPEN = (
    select(SagaRow.__table__, OrderRow.number)
    .join(OrderRow, OrderRow.order_id == SagaRow.order_id)
    .where(SagaRow.finished_at.is_(None))
)


def see_sagas(
    db: Database, query: SagasQuery, actor: Actor, now: datetime, settings: Settings
) -> Page[SagaView]:
    """What has not ended in the actor's communities, the oldest first; what waits for a person's
    word is not stuck."""
    statement = _OPEN.where(OrderRow.community_id.in_(actor.communities))
    if query.stuck:
        old = SagaRow.started_at <= now - timedelta(seconds=settings.stuck_after_s)
        works = SagaRow.due_at.is_not(None)
        statement = statement.where(works, or_(SagaRow.tries >= STUCK_TRIES, old))
    if query.after:
        last = select(SagaRow.started_at, SagaRow.saga_id).where(
            SagaRow.saga_id == checked_id(query.after)
        )
        here = tuple_(SagaRow.started_at, SagaRow.saga_id)
        statement = statement.where(here > last.scalar_subquery())
    statement = statement.order_by(SagaRow.started_at, SagaRow.saga_id)
    with db.reading() as tx:
        rows = tx.all(statement.limit(query.limit + 1))
    shown = [_view(dict(row._mapping)) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return Page(items=shown, next_after=shown[-1].saga_id if more else None)


def retry_saga(
    db: Database,
    services: Services,
    command: RetrySaga,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> SagaView:
    """Try again at once; harmless to repeat, since each step is."""
    _find(db, command.saga_id, actor)
    again(db, command.saga_id, now)
    drive(db, KINDS, At(services, settings, now), command.saga_id)
    return _find(db, command.saga_id, actor)


def _find(db: Database, saga_id: str, actor: Actor) -> SagaView:
    statement = (
        select(SagaRow.__table__, OrderRow.number)
        .join(OrderRow, OrderRow.order_id == SagaRow.order_id)
        .where(SagaRow.saga_id == saga_id, OrderRow.community_id.in_(actor.communities))
    )
    with db.reading() as tx:
        row = tx.first(statement)
    if row is None:
        raise NotYourOrder
    return _view(dict(row._mapping))


def _view(values: dict[str, object]) -> SagaView:
    number = values.pop("number")
    saga = Saga(**values)  # type: ignore[arg-type]
    return SagaView(
        saga_id=saga.saga_id,
        kind=saga.kind,
        order_id=saga.order_id,
        number=str(number),
        step=step_name(KINDS[saga.kind], saga),
        undoing=saga.undoing,
        tries=saga.tries,
        last_error=saga.last_error,
        started_at=saga.started_at,
        next_try_at=saga.due_at,
    )
