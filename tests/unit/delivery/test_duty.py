"""Whose word counts over couriers, at stores and at gates."""

import pytest

from services.contracts.identity import NoSuchStore
from services.contracts.permissions import Permission, Role
from services.delivery.domain import duty
from services.kernel.errors import Forbidden
from tests.support.delivery import (
    COMMUNITY,
    OTHER_COMMUNITY,
    OTHER_STORE,
    STORE,
    actor,
    guard,
    shopkeeper,
)


def test_a_shopkeeper_registers_couriers_for_own_stores_only() -> None:
    duty.need_to_register(shopkeeper(), [STORE], [COMMUNITY])
    with pytest.raises(NoSuchStore):
        duty.need_to_register(shopkeeper(), [STORE, OTHER_STORE], [COMMUNITY])


def test_a_shop_hand_of_one_store_who_keeps_another_registers_for_the_other_only() -> None:
    roles = {STORE: Role.SHOPKEEPER, OTHER_STORE: Role.SHOP_HAND}
    both = actor(Role.SHOPKEEPER, groups=roles, communities=(COMMUNITY,))
    duty.need_to_register(both, [STORE], [COMMUNITY])
    with pytest.raises(NoSuchStore):
        duty.need_to_register(both, [OTHER_STORE], [COMMUNITY])


def test_only_the_property_has_couriers_without_a_store() -> None:
    duty.need_to_register(actor(Role.CLERK, communities=(COMMUNITY,)), [], [COMMUNITY])
    with pytest.raises(Forbidden):
        duty.need_to_register(shopkeeper(), [], [COMMUNITY])


def test_a_clerk_registers_for_own_communities_only() -> None:
    clerk = actor(Role.CLERK, communities=(COMMUNITY,))
    with pytest.raises(Forbidden):
        duty.need_to_register(clerk, [], [COMMUNITY, OTHER_COMMUNITY])


def test_a_guard_who_keeps_a_shop_registers_as_a_shopkeeper() -> None:
    keeper = shopkeeper()
    both = keeper.model_copy(update={"roles": (Role.GUARD, Role.SHOPKEEPER)})
    duty.need_to_register(both, [STORE], [COMMUNITY])
    with pytest.raises(NoSuchStore):
        duty.need_to_register(both, [OTHER_STORE], [COMMUNITY])
    with pytest.raises(Forbidden):
        duty.need_to_register(both, [], [COMMUNITY])


def test_a_shopkeepers_couriers_come_to_the_shops_communities_only() -> None:
    with pytest.raises(Forbidden):
        duty.need_to_register(shopkeeper(), [STORE], [OTHER_COMMUNITY])


def test_staff_of_no_community_see_no_numbers() -> None:
    assert duty.counted_communities(actor(Role.CLERK), None) == []
    with pytest.raises(Forbidden):
        duty.counted_communities(guard(), OTHER_COMMUNITY)


def test_a_resident_has_no_word_at_a_store() -> None:
    resident = actor(Role.OWNER, groups={STORE: Role.OWNER})
    with pytest.raises(NoSuchStore):
        duty.need_store(resident, STORE, Permission.STORE_ORDER_HANDLE)
