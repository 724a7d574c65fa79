"""Opening visits, letting them lapse, and the passes that go with them."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.exc import IntegrityError

from services.contracts.delivery import (
    CheckPass,
    DropState,
    NoSuchVisit,
    PassQuery,
    PassRefused,
    PassView,
    VisitState,
    VisitView,
    WrongVisitState,
)
from services.delivery import locks, queries
from services.delivery.domain import duty, passes
from services.delivery.domain.passes import Pass, PassSigner, WrongCodes
from services.delivery.domain.visit import (
    CARRIED_ON_STATES,
    OPEN_STATES,
    VisitAct,
    visit_after,
    window_until,
)
from services.delivery.settings import Settings
from services.delivery.tables import DropRow, VisitRow, WrongCodeRow
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id

log = logging.getLogger(__name__)
DIGIT_TRIES = 20


def join_or_open_visit(
    tx: Tx, courier_id: str, community_id: str, now: datetime, window_s: int
) -> str:
    """The courier's expected visit to a community, its window moved on; a new one if there is none.

    The courier's row must be locked already: two assignments would open two visits otherwise.
    """
    known = locks.expected_visit_for_update(tx, courier_id, community_id)
    if known is None:
        return _open_visit(tx, courier_id, community_id, now, window_until(now, window_s))
    tx.execute(
        update(VisitRow)
        .where(VisitRow.visit_id == known.visit_id)
        .values(
            expected_until=window_until(now, window_s, known.expected_until),
            version=known.version + 1,
        )
    )
    return str(known.visit_id)


def _open_visit(tx: Tx, courier_id: str, community_id: str, now: datetime, until: datetime) -> str:
    visit_id = new_id()
    for _ in range(DIGIT_TRIES):
        try:
            tx.execute(insert(VisitRow), _new_visit(visit_id, courier_id, community_id, now, until))
            return visit_id
        except IntegrityError as error:
            if not is_duplicate(error):
                raise
    raise Unavailable("no six digits are free in this community")


def _new_visit(
    visit_id: str, courier_id: str, community_id: str, now: datetime, until: datetime
) -> dict[str, object]:
    return {
        "visit_id": visit_id,
        "courier_id": courier_id,
        "community_id": community_id,
        "state": VisitState.EXPECTED,
        "version": 1,
        "expected_from": now,
        "expected_until": until,
        "digits": passes.draw_digits(),
        "entered_at": None,
        "entry_gate": "",
        "left_at": None,
        "exit_gate": "",
        "refused_reason": "",
    }


def pass_for(
    db: Database,
    signer: PassSigner,
    query: PassQuery,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> PassView:
    """The pass for the courier's own visit. Where it is over with drops undelivered, these go on a
    new visit, which the answer names."""
    with db.reading() as tx:
        courier = queries.courier_of_account(tx, actor.account_id)
        visit = queries.visit(tx, query.visit_id)
    if courier is None or visit is None or visit.courier_id != courier.courier_id:
        raise NoSuchVisit()
    if visit.state not in OPEN_STATES:
        visit = _carry_on(db, visit, now, settings)
    until = visit.expected_until
    return PassView(
        visit_id=visit.visit_id,
        token=signer.sign(Pass(visit.visit_id, visit.community_id, until)),
        digits=visit.digits or "",
        expires_at=until,
    )


def _carry_on(db: Database, over: Row[Any], now: datetime, settings: Settings) -> Row[Any]:
    with db.transaction() as tx:
        locks.courier_for_update(tx, over.courier_id)
        if over.state not in CARRIED_ON_STATES or not queries.has_drops_to_bring(tx, over.visit_id):
            raise WrongVisitState("the visit is over", fields={"state": over.state})
        visit_id = join_or_open_visit(
            tx, over.courier_id, over.community_id, now, settings.visit_window_s
        )
        tx.execute(
            update(DropRow)
            .where(DropRow.visit_id == over.visit_id, DropRow.state == DropState.ASSIGNED)
            .values(visit_id=visit_id)
        )
        visit = queries.visit(tx, visit_id)
        assert visit is not None
        return visit


def check_pass(
    db: Database,
    signer: PassSigner,
    query: CheckPass,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> VisitView:
    """The visit behind what a guard scanned or typed; PassRefused says why not, TooMany that this
    account has guessed too often."""
    duty.need_communities(actor, [query.community_id])
    with db.transaction() as tx:
        wrong = locks.wrong_codes_for_update(tx, actor.account_id)
        wrong.check(now, settings.wrong_codes_max, settings.wrong_codes_pause_s)
        visit, until = _find(tx, signer, query)
        outcome = WrongCodes() if visit else wrong.one_more(now, settings.wrong_codes_max)
        if outcome != wrong:
            _keep_wrong_codes(tx, actor.account_id, outcome)
    # Raised only here: inside, the rollback would take the count along.
    if visit is None:
        raise passes.refused("unknown" if passes.is_digits(query.code) else "forged")
    _check_window(visit, until, now)
    with db.reading() as tx:
        return queries.visit_view(tx, visit.visit_id, now, settings.overstay_after_s)


def _find(tx: Tx, signer: PassSigner, query: CheckPass) -> tuple[Row[Any] | None, datetime | None]:
    if passes.is_digits(query.code):
        visit = queries.visit_by_digits(tx, query.community_id, query.code)
        return visit, visit.expected_until if visit else None
    try:
        said = signer.read(query.code)
    except PassRefused:
        return None, None
    if said.community_id != query.community_id:
        raise passes.refused("community")
    return queries.visit(tx, said.visit_id), said.until


def _check_window(visit: Row[Any], until: datetime | None, now: datetime) -> None:
    if visit.state == VisitState.EXPIRED:
        raise passes.refused("expired")
    if visit.state not in OPEN_STATES:
        raise passes.refused("over")
    # Who is inside must be let out, however late it is.
    if visit.state == VisitState.EXPECTED and (until is None or until < now):
        raise passes.refused("expired")


def _keep_wrong_codes(tx: Tx, account_id: str, wrong: WrongCodes) -> None:
    tx.execute(
        update(WrongCodeRow)
        .where(WrongCodeRow.account_id == account_id)
        .values(in_a_row=wrong.in_a_row, last_at=wrong.last_at)
    )


def expire_visits(db: Database, now: datetime, settings: Settings) -> int:
    """End visits that nobody came for; how many comes back."""
    with db.reading() as tx:
        late = queries.late_visit_ids(tx, now, settings.sweep_batch)
    return sum(_expire_visit(db, visit_id, now) for visit_id in late)


def _expire_visit(db: Database, visit_id: str, now: datetime) -> bool:
    with db.transaction() as tx:
        visit = locks.visit_for_update(tx, visit_id)
        if visit is None or visit.state != VisitState.EXPECTED or visit.expected_until >= now:
            return False  # somebody came, or more was assigned, since the look
        end_visit(tx, visit, VisitAct.EXPIRE)
        return True


def end_visit(tx: Tx, visit: Row[Any], act: VisitAct, **values: object) -> None:
    """Move a locked visit to where `act` leads, without digits from now on."""
    tx.execute(
        update(VisitRow)
        .where(VisitRow.visit_id == visit.visit_id)
        .values(
            state=visit_after(VisitState(visit.state), act),
            version=visit.version + 1,
            digits=None,
            **values,
        )
    )
