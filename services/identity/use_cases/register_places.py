"""Communities, their gates, and their buildings with homes."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.contracts.identity import (
    NameTaken,
    RegisterBuilding,
    RegisterCommunity,
    Registered,
    RegisterGate,
)
from services.identity.once import insert_once
from services.identity.reach import need_all_communities, need_communities
from services.identity.tables import BuildingRow, CommunityRow, GateRow, HomeRow
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx, is_duplicate


def register_community(
    db: Database, command: RegisterCommunity, actor: Actor, now: datetime
) -> Registered:
    """A new community of the company; a repeat meets the first."""
    answer = Registered(id=command.community_id)
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, answer, by=actor.account_id) is None:
            need_all_communities(tx, actor)
            values = command.model_dump(exclude={"request_id"}) | {"created_at": now}
            insert_once(tx, CommunityRow, values, same=("name",))
        return answer


def register_gate(db: Database, command: RegisterGate, actor: Actor) -> Registered:
    """A gate of a community; a repeat meets the first."""
    answer = Registered(id=command.gate_id)
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, answer, by=actor.account_id) is None:
            need_communities(tx, actor, [command.community_id])
            values = command.model_dump(exclude={"request_id"})
            insert_once(tx, GateRow, values, same=("community_id", "name"))
        return answer


def register_building(db: Database, command: RegisterBuilding, actor: Actor) -> Registered:
    """A building with all its homes, or none of them; a repeat meets the first."""
    answer = Registered(id=command.building_id)
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, answer, by=actor.account_id) is None:
            need_communities(tx, actor, [command.community_id])
            values = command.model_dump(exclude={"request_id", "homes"})
            if insert_once(tx, BuildingRow, values, same=("community_id", "name")):
                _insert_homes(tx, command)
        return answer


def _insert_homes(tx: Tx, command: RegisterBuilding) -> None:
    homes = [home.model_dump() | {"building_id": command.building_id} for home in command.homes]
    if not homes:
        return
    try:
        tx.execute(insert(HomeRow), homes)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise NameTaken(fields={"homes": "a home or a door is registered already"}) from None
