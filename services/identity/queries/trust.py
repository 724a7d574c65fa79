"""What a certification is about, and where."""

from dataclasses import dataclass

from sqlalchemy import select

from services.identity.domain.certification import Subject
from services.identity.tables import (
    BuildingRow,
    CertificationRow,
    HomeRow,
    HouseholdRow,
    StoreCommunityRow,
    StoreRow,
)
from services.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class CertifiedSubject:
    """A household, merchant or store; `store_ids` are the stores that stand and fall with it."""

    kind: Subject
    community_ids: frozenset[str]
    store_ids: tuple[str, ...] = ()


def certified_subject(tx: Tx, subject_id: str) -> CertifiedSubject | None:
    """What stands behind an id that was certified once; None for any other id."""
    kind = select(CertificationRow.subject).where(CertificationRow.subject_id == subject_id)
    row = tx.first(kind)
    if row is None:
        return None
    if row.subject == Subject.HOUSEHOLD:
        return CertifiedSubject(Subject.HOUSEHOLD, _where_they_live(tx, subject_id))
    return _trade(tx, Subject(row.subject), subject_id)


def _where_they_live(tx: Tx, household_id: str) -> frozenset[str]:
    community = (
        select(BuildingRow.community_id)
        .join(HomeRow, HomeRow.building_id == BuildingRow.building_id)
        .join(HouseholdRow, HouseholdRow.home_id == HomeRow.home_id)
        .where(HouseholdRow.household_id == household_id)
    )
    return frozenset(row.community_id for row in tx.all(community))


def _trade(tx: Tx, kind: Subject, subject_id: str) -> CertifiedSubject:
    key = StoreRow.merchant_id if kind is Subject.MERCHANT else StoreRow.store_id
    served = (
        select(StoreRow.store_id, StoreCommunityRow.community_id)
        .join(StoreCommunityRow, StoreCommunityRow.store_id == StoreRow.store_id)
        .where(key == subject_id)
    )
    rows = tx.all(served)
    stores = {row.store_id for row in rows} - {subject_id}
    return CertifiedSubject(
        kind, frozenset(row.community_id for row in rows), tuple(sorted(stores))
    )
