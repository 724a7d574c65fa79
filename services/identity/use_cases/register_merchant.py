"""A certified merchant with its stores and people."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.contracts.identity import (
    AlreadyRegistered,
    NoSuchPlace,
    Registered,
    RegisterMerchant,
    StoreSpec,
)
from services.identity.domain.certification import Subject
from services.identity.domain.people import check_shop_people
from services.identity.once import insert_once
from services.identity.people import Person, put_person
from services.identity.queries.places import communities_of_buildings
from services.identity.reach import need_communities
from services.identity.tables import MerchantPersonRow, MerchantRow, StoreCommunityRow, StoreRow
from services.identity.trust import Ground, certify
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx, is_duplicate


def register_merchant(
    db: Database, command: RegisterMerchant, actor: Actor, now: datetime
) -> Registered:
    """The merchant, its stores, its people and the property's word for all of it, in one; a repeat
    meets the first."""
    check_shop_people(command.people)
    answer = Registered(id=command.merchant_id)
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, answer, by=actor.account_id) is None:
            need_communities(tx, actor, [c for s in command.stores for c in s.community_ids])
            values = {"merchant_id": command.merchant_id, "name": command.name, "created_at": now}
            if insert_once(tx, MerchantRow, values, same=("name",)):
                _insert_stores(tx, command, now)
                _put_people(tx, command, now)
                subjects = [(Subject.MERCHANT, command.merchant_id)]
                subjects += [(Subject.STORE, store.store_id) for store in command.stores]
                ground = Ground(actor, command.request_id, command.evidence, now)
                certify(tx, subjects, command.certified_until, ground)
        return answer


def _insert_stores(tx: Tx, command: RegisterMerchant, now: datetime) -> None:
    buildings = communities_of_buildings(
        tx, {store.building_id for store in command.stores if store.building_id}
    )
    rows = [
        store.model_dump(exclude={"community_ids"})
        | {
            "merchant_id": command.merchant_id,
            "community_id": _stands_in(store, buildings),
            "created_at": now,
        }
        for store in command.stores
    ]
    try:
        tx.execute(insert(StoreRow), rows)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise AlreadyRegistered(fields={"stores": "a store is another merchant's"}) from None
    served = [
        {"store_id": store.store_id, "community_id": community_id}
        for store in command.stores
        for community_id in dict.fromkeys(store.community_ids)
    ]
    tx.execute(insert(StoreCommunityRow), served)


def _stands_in(store: StoreSpec, buildings: dict[str, str]) -> str:
    """On whose plan the store's place is: its building's community, else the first it serves."""
    if store.building_id is None:
        return store.community_ids[0]
    community_id = buildings.get(store.building_id)
    if community_id not in store.community_ids:
        raise NoSuchPlace(fields={"building_id": "not in a community that the store serves"})
    return community_id


def _put_people(tx: Tx, command: RegisterMerchant, now: datetime) -> None:
    # In id order, as everywhere: two merchants that share people would otherwise lock crosswise.
    people = sorted(command.people, key=lambda person: person.account_id)
    for person in people:
        put_person(tx, Person.of(person), now)
    rows = [
        {
            "merchant_id": command.merchant_id,
            "account_id": person.account_id,
            "role": person.role,
            "since": now,
        }
        for person in people
    ]
    tx.execute(insert(MerchantPersonRow), rows)
