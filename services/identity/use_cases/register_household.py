"""A certified household at a home."""

from datetime import datetime

from sqlalchemy import exists, insert, select

from services.contracts.identity import (
    Certification,
    HomeTaken,
    HouseholdKind,
    NoSuchPlace,
    Registered,
    RegisterHousehold,
)
from services.identity import locks
from services.identity.domain.certification import Subject
from services.identity.domain.people import check_household
from services.identity.once import insert_once
from services.identity.people import Person, put_person
from services.identity.queries.places import community_of_home
from services.identity.reach import need_communities
from services.identity.tables import CertificationRow, HouseholdMemberRow, HouseholdRow
from services.identity.trust import Ground, certify
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx


def register_household(
    db: Database, command: RegisterHousehold, actor: Actor, now: datetime
) -> Registered:
    """The household, its people and the property's word for it, in one; a repeat meets the first.

    A home has one owner's household at a time (else HomeTaken), and any number of tenants'.
    """
    check_household(command.kind, command.members)
    answer = Registered(id=command.household_id)
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, answer, by=actor.account_id) is None:
            _need_home(tx, command.home_id, actor)
            values = {
                "household_id": command.household_id,
                "home_id": command.home_id,
                "kind": command.kind,
                "created_at": now,
            }
            if insert_once(tx, HouseholdRow, values, same=("home_id", "kind")):
                _need_free_home(tx, command)
                _put_members(tx, command, now)
                ground = Ground(actor, command.request_id, command.evidence, now)
                subjects = [(Subject.HOUSEHOLD, command.household_id)]
                certify(tx, subjects, command.certified_until, ground)
        return answer


def _need_home(tx: Tx, home_id: str, actor: Actor) -> None:
    community_id = community_of_home(tx, home_id)
    if community_id is None:
        raise NoSuchPlace(fields={"home_id": "no such home"})
    need_communities(tx, actor, [community_id])
    locks.home_for_update(tx, home_id)


def _need_free_home(tx: Tx, command: RegisterHousehold) -> None:
    if command.kind is not HouseholdKind.OWNER:
        return
    others = exists().where(
        HouseholdRow.home_id == command.home_id,
        HouseholdRow.kind == HouseholdKind.OWNER,
        HouseholdRow.household_id != command.household_id,
        CertificationRow.subject_id == HouseholdRow.household_id,
        CertificationRow.state != Certification.WITHDRAWN,
    )
    if tx.scalar(select(others)):
        raise HomeTaken


def _put_members(tx: Tx, command: RegisterHousehold, now: datetime) -> None:
    # In id order: two households that share people would otherwise lock them crosswise.
    members = sorted(command.members, key=lambda member: member.account_id)
    for member in members:
        put_person(tx, Person.of(member), now)
    rows = [
        {
            "household_id": command.household_id,
            "account_id": member.account_id,
            "role": member.role,
            "since": now,
            "ended_at": None,
        }
        for member in members
    ]
    tx.execute(insert(HouseholdMemberRow), rows)
