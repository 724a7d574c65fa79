"""The property no longer vouches for somebody."""

from datetime import datetime

from services.contracts.identity import WithdrawCertification
from services.contracts.permissions import Permission
from services.identity.domain.certification import Subject
from services.identity.queries.trust import CertifiedSubject, certified_subject
from services.identity.reach import need_communities
from services.identity.trust import Ground, withdraw
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import NotFound
from services.kernel.wire import Done

_PERMISSIONS = {
    Subject.HOUSEHOLD: Permission.PEOPLE_CERTIFY,
    Subject.MERCHANT: Permission.MERCHANT_CERTIFY,
    Subject.STORE: Permission.MERCHANT_CERTIFY,
}


def withdraw_certification(
    db: Database, command: WithdrawCertification, actor: Actor, now: datetime
) -> Done:
    """Stop vouching for a household, a store, or a merchant with all its stores.

    The reason is on record for each of them. NothingToWithdraw where nobody vouches any more.
    """
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, Done(), by=actor.account_id) is None:
            subject = _subject_for(tx, command.subject_id, actor)
            ground = Ground(actor, command.request_id, command.reason, now)
            withdraw(tx, [command.subject_id, *subject.store_ids], ground)
        return Done()


def _subject_for(tx: Tx, subject_id: str, actor: Actor) -> CertifiedSubject:
    """The subject, if it is this actor's to decide about; else as if there were none."""
    subject = certified_subject(tx, subject_id)
    if subject is None:
        raise NotFound
    actor.need(_PERMISSIONS[subject.kind])
    need_communities(tx, actor, subject.community_ids)
    return subject
