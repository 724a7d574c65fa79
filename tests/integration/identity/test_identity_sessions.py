"""Signing in, tokens, signing out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import func, select

from services.contracts.identity import (
    ActorTokenView,
    EndSession,
    MarkCourier,
    SessionQuery,
    SignInStaff,
    UnknownSession,
    WrongPassword,
)
from services.contracts.permissions import Role
from services.identity.passwords import Passwords
from services.identity.sessions import token_sha256
from services.identity.tables import AccountRow, SessionRow, WechatUserRow
from services.identity.use_cases.issue_actor_token import issue_actor_token
from services.identity.use_cases.register_people import mark_courier
from services.identity.use_cases.sign_in import end_session, purge_sessions, sign_in_staff
from services.kernel.actor import Actor, ActorSigner, ActorVerifier
from services.kernel.db import Database
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.ids import new_id
from tests.support.identity import (
    MONTH,
    NOW,
    found_town,
    hire,
    house,
    open_shop,
    person,
    sign_in,
    store_spec,
)
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database

_KEY = Ed25519PrivateKey.generate()
SIGNER = ActorSigner(_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
VERIFIER = ActorVerifier(
    _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
)
SHIFT = timedelta(hours=12)


def token(db: Database, secret: str, now=NOW) -> ActorTokenView:
    return issue_actor_token(db, SIGNER, SessionQuery(session_token=secret), now, MONTH)


def actor_behind(db: Database, secret: str) -> Actor:
    return VERIFIER.verify(token(db, secret).token, NOW)


def rows(db: Database, table: type) -> int:
    with db.reading() as tx:
        return int(tx.scalar(select(func.count()).select_from(table)))


def test_the_first_visit_makes_an_account_and_the_next_finds_it(db: Database) -> None:
    first, second = sign_in(db, "oNewcomer"), sign_in(db, "oNewcomer")
    assert first.account_id == second.account_id
    assert first.session_token != second.session_token
    assert sign_in(db, "oSomebodyElse").account_id != first.account_id
    assert rows(db, AccountRow) == 2


def test_first_visits_at_once_make_one_account(db: Database) -> None:
    def visit(_: int) -> str:
        return rerun_on_conflict("sign_in", lambda: sign_in(db, "oEager")).account_id

    with ThreadPoolExecutor(8) as visitors:
        assert len(set(visitors.map(visit, range(16)))) == 1
    assert (rows(db, AccountRow), rows(db, WechatUserRow)) == (1, 1)


def test_only_the_hash_of_the_secret_is_kept(db: Database) -> None:
    session = sign_in(db, "oNewcomer")
    with db.reading() as tx:
        kept = tx.scalar(select(SessionRow.token_sha256))
    assert kept == token_sha256(session.session_token)
    assert session.session_token not in kept
    assert len(session.session_token) >= 43  # 32 bytes


def test_a_token_vouches_for_groups_roles_communities_and_permissions(db: Database) -> None:
    town, far_town = found_town(db), found_town(db, "金水湾")
    both = person(Role.OWNER, openid="oBoth")
    household_id = house(db, town.home_ids[0], both)
    keeper = both.model_copy(update={"role": Role.SHOPKEEPER})
    store = store_spec(town.community_id, far_town.community_id)
    merchant_id = open_shop(db, store, people=[keeper])
    actor = actor_behind(db, sign_in(db, "oBoth").session_token)
    assert (actor.account_id, actor.name) == (both.account_id, "张三")
    assert actor.groups == {
        household_id: "owner",
        merchant_id: "shopkeeper",
        store.store_id: "shopkeeper",
    }
    assert set(actor.communities) == {town.community_id, far_town.community_id}
    assert actor.roles == ("owner", "shopkeeper")
    assert actor.may("order.place")
    assert actor.may("shelf.edit")
    assert not actor.may("overview.view")


def test_a_stranger_has_a_token_that_lets_nothing(db: Database) -> None:
    actor = actor_behind(db, sign_in(db, "oStranger").session_token)
    assert (actor.groups, actor.permissions, actor.communities) == ({}, frozenset(), ())


def test_somebody_who_looked_in_before_is_recognised_and_stays_signed_in(db: Database) -> None:
    early = sign_in(db, "oEarlyBird")
    owner = person(Role.OWNER, openid="oEarlyBird")
    household_id = house(db, found_town(db).home_ids[0], owner)
    assert early.account_id != owner.account_id
    assert sign_in(db, "oEarlyBird").account_id == owner.account_id
    actor = actor_behind(db, early.session_token)
    assert (actor.account_id, actor.groups) == (owner.account_id, {household_id: "owner"})


def test_a_token_takes_three_statements_and_one_more_for_staff_of_all_communities(
    db: Database, passwords: Passwords
) -> None:
    house(db, found_town(db).home_ids[0], person(Role.OWNER, openid="oResident"))
    hire(db, passwords, Role.CLERK)
    secrets = (
        sign_in(db, "oResident").session_token,
        staff_session(db, passwords, "li", "correct horse").session_token,
    )
    for secret, statements in zip(secrets, (3, 4), strict=True):
        with counted_statements() as count:
            token(db, secret)
        assert count() == statements


def test_the_courier_role_comes_and_goes_with_the_mark(db: Database) -> None:
    session = sign_in(db, "oRider")
    for active, roles in ((True, ("courier",)), (False, ())):
        mark_courier(
            db, MarkCourier(request_id=new_id(), account_id=session.account_id, active=active)
        )
        assert actor_behind(db, session.session_token).roles == roles


def test_a_token_lives_a_minute_and_never_longer_than_its_session(db: Database) -> None:
    session = sign_in(db, "oNewcomer")
    assert token(db, session.session_token).expires_at == NOW + timedelta(seconds=60)
    last = session.expires_at - timedelta(seconds=10)
    assert token(db, session.session_token, last).expires_at == session.expires_at


def test_an_unknown_an_ended_and_an_expired_session_give_no_token(db: Database) -> None:
    ended, expired = sign_in(db, "oOne"), sign_in(db, "oTwo")
    for _ in range(2):
        command = EndSession(request_id=new_id(), session_token=ended.session_token)
        end_session(db, command, NOW)
    for secret, now in (
        ("never-issued-secret", NOW),
        (ended.session_token, NOW),
        (expired.session_token, expired.expires_at),
    ):
        with pytest.raises(UnknownSession):
            token(db, secret, now)


def test_a_wechat_session_slides_with_use_once_a_day(db: Database) -> None:
    session = sign_in(db, "oRegular")

    def ends_at():
        with db.reading() as tx:
            return tx.first(select(SessionRow.expires_at)).expires_at

    token(db, session.session_token, NOW + timedelta(hours=23))
    assert ends_at() == NOW + MONTH
    used_at = NOW + timedelta(days=29)
    token(db, session.session_token, used_at)
    assert ends_at() == used_at + MONTH


def staff_session(db: Database, passwords: Passwords, username: str, password: str):
    command = SignInStaff(request_id=new_id(), username=username, password=password)
    return sign_in_staff(db, passwords, command, NOW, SHIFT)


def test_staff_sign_in_with_their_password_for_one_shift(
    db: Database, passwords: Passwords
) -> None:
    hired = hire(db, passwords, Role.MEDIATOR)
    session = staff_session(db, passwords, hired.username, hired.password)
    assert (session.account_id, session.expires_at) == (hired.account_id, NOW + SHIFT)
    token(db, session.session_token, NOW + SHIFT - timedelta(minutes=1))
    with pytest.raises(UnknownSession):
        token(db, session.session_token, NOW + SHIFT)


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    db: Database, passwords: Passwords
) -> None:
    hire(db, passwords, Role.CLERK)
    refusals = set()
    for username, password in (("li", "wrong horse"), ("nobody", "correct horse")):
        with pytest.raises(WrongPassword) as refused:
            staff_session(db, passwords, username, password)
        refusals.add((refused.value.code, refused.value.message))
    assert len(refusals) == 1
    assert rows(db, SessionRow) == 0


def test_staff_without_communities_on_record_look_after_all_others_after_theirs(
    db: Database, passwords: Passwords
) -> None:
    here, there = found_town(db), found_town(db, "金水湾")
    hire(db, passwords, Role.CLERK, username="all")
    hire(db, passwords, Role.GUARD, communities=[here.community_id], username="one")
    seen = {
        name: actor_behind(
            db, staff_session(db, passwords, name, "correct horse").session_token
        ).communities
        for name in ("all", "one")
    }
    assert set(seen["all"]) == {here.community_id, there.community_id}
    assert seen["one"] == (here.community_id,)


def test_where_a_guard_lives_gives_no_reach_there(db: Database, passwords: Passwords) -> None:
    here, home_town = found_town(db), found_town(db, "金水湾")
    guard = hire(db, passwords, Role.GUARD, communities=[here.community_id], username="guard")
    neighbour = person(Role.OWNER).model_copy(update={"phone": guard.phone})
    house(
        db,
        home_town.home_ids[0],
        neighbour.model_copy(update={"account_id": guard.account_id, "name": guard.name}),
    )
    actor = actor_behind(db, staff_session(db, passwords, "guard", "correct horse").session_token)
    assert actor.communities == (here.community_id,)
    assert "owner" in actor.roles


def test_old_sessions_are_purged_and_young_ones_kept(db: Database) -> None:
    sign_in(db, "oOld", NOW - 2 * MONTH)
    sign_in(db, "oYoung")
    assert purge_sessions(db, NOW, timedelta(days=7)) == 1
    assert rows(db, SessionRow) == 1
