"""Decisions about whom the property vouches for: the record, and the standing that follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update

from services.contracts.identity import Certification, NothingToWithdraw
from services.identity import locks
from services.identity.domain.certification import MOVES, Decision, Subject, standing
from services.identity.tables import CertificationRow, DecisionRow
from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Ground:
    """Who decides, by which command, why, and when."""

    actor: Actor
    request_id: str
    why: str
    at: datetime


def certify(
    tx: Tx, subjects: Iterable[tuple[Subject, str]], until: datetime, ground: Ground
) -> None:
    """The property vouches for new subjects until then."""
    new = list(subjects)
    state = MOVES[Certification.NONE, Decision.CERTIFY]
    common = {"state": state, "until": until, "by_name": ground.actor.name, "since": ground.at}
    tx.execute(
        insert(CertificationRow),
        [{"subject_id": subject_id, "subject": subject, **common} for subject, subject_id in new],
    )
    _record(tx, new, Decision.CERTIFY, until, ground)


def withdraw(tx: Tx, subject_ids: Iterable[str], ground: Ground) -> None:
    """The property no longer vouches for these; NothingToWithdraw when it did for none of them."""
    if not _stop_vouching(tx, subject_ids, ground):
        raise NothingToWithdraw


def leave(tx: Tx, merchant_id: str, store_ids: Iterable[str], ground: Ground) -> None:
    """A merchant has left: on record, and nobody vouches for it and its stores any more."""
    _stop_vouching(tx, [merchant_id, *store_ids], ground)
    _record(tx, [(Subject.MERCHANT, merchant_id)], Decision.LEAVE, None, ground)


def _stop_vouching(tx: Tx, subject_ids: Iterable[str], ground: Ground) -> bool:
    """True when the property had vouched for any of these."""
    rows = locks.certifications_for_update(tx, list(subject_ids))
    present = {row.subject_id: standing(row.state, row.until, ground.at) for row in rows}
    losing = [row for row in rows if (present[row.subject_id], Decision.WITHDRAW) in MOVES]
    if not losing:
        return False
    tx.execute(
        update(CertificationRow)
        .where(CertificationRow.subject_id.in_([row.subject_id for row in losing]))
        .values(state=Certification.WITHDRAWN, by_name=ground.actor.name, since=ground.at)
    )
    subjects = [(Subject(row.subject), row.subject_id) for row in losing]
    _record(tx, subjects, Decision.WITHDRAW, None, ground)
    return True


def _record(
    tx: Tx,
    subjects: Iterable[tuple[Subject, str]],
    what: Decision,
    until: datetime | None,
    ground: Ground,
) -> None:
    rows = [
        {
            "decision_id": new_id(),
            "subject_id": subject_id,
            "subject": subject,
            "what": what,
            "why": ground.why,
            "until": until,
            "by_account_id": ground.actor.account_id,
            "by_name": ground.actor.name,
            "request_id": ground.request_id,
            "decided_at": ground.at,
        }
        for subject, subject_id in subjects
    ]
    tx.execute(insert(DecisionRow), rows)
