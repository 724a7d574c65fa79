"""identity's entrypoints: parsed command in, use case, view out."""

from dataclasses import dataclass
from datetime import timedelta

from services.contracts.identity import (
    AccountBrief,
    ActorTokenView,
    CommunitiesQuery,
    CommunitiesView,
    CommunityQuery,
    CommunityView,
    ContactsQuery,
    ContactsView,
    CourierCheckQuery,
    EndSession,
    FeeRight,
    FeeRightQuery,
    IdentityCounts,
    IdentityCountsQuery,
    LeaveMerchant,
    MarkCourier,
    MeQuery,
    MerchantsQuery,
    MerchantView,
    MeView,
    OrderContext,
    OrderContextQuery,
    RegisterAccount,
    RegisterBuilding,
    RegisterCommunity,
    Registered,
    RegisterGate,
    RegisterHousehold,
    RegisterMerchant,
    RegisterStaff,
    SessionQuery,
    SessionView,
    SignInStaff,
    SignInWithWechat,
    StoreQuery,
    StoresByIdQuery,
    StoresQuery,
    StoreView,
    WithdrawCertification,
)
from services.contracts.permissions import Permission
from services.identity.passwords import Passwords
from services.identity.queries import fees, ordering, people, places, stores
from services.identity.queries import me as me_query
from services.identity.settings import Settings
from services.identity.use_cases import sign_in
from services.identity.use_cases.issue_actor_token import issue_actor_token
from services.identity.use_cases.leave_merchant import leave_merchant
from services.identity.use_cases.register_household import register_household
from services.identity.use_cases.register_merchant import register_merchant
from services.identity.use_cases.register_people import (
    mark_courier,
    register_account,
    register_staff,
)
from services.identity.use_cases.register_places import (
    register_building,
    register_community,
    register_gate,
)
from services.identity.use_cases.withdraw_certification import withdraw_certification
from services.kernel.actor import Actor, ActorSigner
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.entrypoints import every, rpc
from services.kernel.errors import Forbidden
from services.kernel.runtime import Runtime
from services.kernel.wire import Done, Page

SESSIONS_KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Keys:
    """What one process makes once: who signs tokens, and who checks passwords."""

    signer: ActorSigner
    passwords: Passwords


def make_keys(settings: Settings, _db: Database) -> Keys:
    """The process's keys, from its settings."""
    return Keys(ActorSigner(settings.actor_private_key), Passwords())


class IdentityService:
    """Who people are, where they live or trade, who vouches, and what they may."""

    name = "identity"
    runtime = Runtime(Settings, extras=make_keys)

    # sessions

    @rpc(callers=("gateway",))
    def sign_in_with_wechat(self, command: SignInWithWechat) -> SessionView:
        lifetime = self.runtime.settings.wechat_lifetime
        return sign_in.sign_in_with_wechat(self.runtime.db, command, now(), lifetime)

    @rpc(callers=("gateway",))
    def sign_in_staff(self, command: SignInStaff) -> SessionView:
        passwords, lifetime = self.runtime.extras.passwords, self.runtime.settings.staff_lifetime
        return sign_in.sign_in_staff(self.runtime.db, passwords, command, now(), lifetime)

    @rpc(callers=("gateway",))
    def end_session(self, command: EndSession) -> Done:
        return sign_in.end_session(self.runtime.db, command, now())

    @rpc(callers=("gateway",))
    def actor_token(self, query: SessionQuery) -> ActorTokenView:
        signer, lifetime = self.runtime.extras.signer, self.runtime.settings.wechat_lifetime
        return issue_actor_token(self.runtime.db, signer, query, now(), lifetime)

    @rpc(signed_in=True)
    def me(self, query: MeQuery, actor: Actor) -> MeView:
        with self.runtime.db.reading() as tx:
            return me_query.me(tx, actor.account_id, now())

    @every(seconds=600)
    def purge_sessions(self) -> None:
        sign_in.purge_sessions(self.runtime.db, now(), SESSIONS_KEPT_FOR)

    # what other services ask

    @rpc(callers=("orders",))
    def order_context(self, query: OrderContextQuery, actor: Actor) -> OrderContext:
        with self.runtime.db.reading() as tx:
            return ordering.order_context(tx, query, actor.account_id, now())

    @rpc(callers=("marketing", "delivery"))
    def contacts(self, query: ContactsQuery) -> ContactsView:
        with self.runtime.db.reading() as tx:
            return people.contacts(tx, query)

    @rpc(callers=("delivery",))
    def account_brief(self, query: CourierCheckQuery) -> AccountBrief:
        with self.runtime.db.reading() as tx:
            return people.account_brief(tx, query.account_id)

    @rpc(callers=("settlement",))
    def fee_right(self, query: FeeRightQuery, actor: Actor) -> FeeRight:
        with self.runtime.db.reading() as tx:
            return fees.fee_right(tx, query, actor.account_id, now())

    @rpc(callers=("delivery",))
    def mark_courier(self, command: MarkCourier) -> Done:
        return mark_courier(self.runtime.db, command)

    # what everybody may know

    @rpc(public=True)
    def stores(self, query: StoresQuery) -> Page[StoreView]:
        with self.runtime.db.reading() as tx:
            return stores.stores(tx, query, now())

    @rpc(public=True)
    def store(self, query: StoreQuery) -> StoreView:
        with self.runtime.db.reading() as tx:
            return stores.store(tx, query.store_id, now())

    @rpc(public=True)
    def stores_by_id(self, query: StoresByIdQuery) -> Page[StoreView]:
        with self.runtime.db.reading() as tx:
            return Page[StoreView](items=stores.stores_by_id(tx, query.store_ids, now()))

    @rpc(public=True)
    def communities(self, query: CommunitiesQuery) -> CommunitiesView:
        with self.runtime.db.reading() as tx:
            return places.communities(tx)

    @rpc(public=True)
    def community(self, query: CommunityQuery) -> CommunityView:
        with self.runtime.db.reading() as tx:
            return places.community(tx, query.community_id)

    # what staff see

    @rpc(signed_in=True)
    def merchants(self, query: MerchantsQuery, actor: Actor) -> Page[MerchantView]:
        needed = (
            Permission.PEOPLE_VIEW,
            Permission.MERCHANT_CERTIFY,
            Permission.MONEY_VIEW_ANY,
        )
        if not any(map(actor.may, needed)):
            raise Forbidden(f"needs one of {', '.join(needed)}")
        with self.runtime.db.reading() as tx:
            return stores.merchants(tx, query, now())

    @rpc(permission=Permission.OVERVIEW_VIEW)
    def counts(self, query: IdentityCountsQuery) -> IdentityCounts:
        with self.runtime.db.reading() as tx:
            return people.counts(tx, query.community_id, now())

    # what staff put on record

    @rpc(permission=Permission.COMMUNITY_EDIT)
    def register_community(self, command: RegisterCommunity, actor: Actor) -> Registered:
        return register_community(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.COMMUNITY_EDIT)
    def register_gate(self, command: RegisterGate, actor: Actor) -> Registered:
        return register_gate(self.runtime.db, command, actor)

    @rpc(permission=Permission.COMMUNITY_EDIT)
    def register_building(self, command: RegisterBuilding, actor: Actor) -> Registered:
        return register_building(self.runtime.db, command, actor)

    @rpc(permission=Permission.PEOPLE_CERTIFY)
    def register_household(self, command: RegisterHousehold, actor: Actor) -> Registered:
        return register_household(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MERCHANT_CERTIFY)
    def register_merchant(self, command: RegisterMerchant, actor: Actor) -> Registered:
        return register_merchant(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MERCHANT_CERTIFY)
    def leave_merchant(self, command: LeaveMerchant, actor: Actor) -> Done:
        return leave_merchant(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.PEOPLE_CERTIFY)
    def register_account(self, command: RegisterAccount, actor: Actor) -> Registered:
        return register_account(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.STAFF_EDIT)
    def register_staff(self, command: RegisterStaff, actor: Actor) -> Registered:
        passwords = self.runtime.extras.passwords
        return register_staff(self.runtime.db, passwords, command, actor, now())

    @rpc(signed_in=True)
    def withdraw_certification(self, command: WithdrawCertification, actor: Actor) -> Done:
        return withdraw_certification(self.runtime.db, command, actor, now())
