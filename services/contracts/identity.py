"""identity: communities and homes, people and households, merchants and stores, staff, sessions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from services.contracts.fees import DebtorKind
from services.contracts.permissions import Role
from services.contracts.settlement import OwnerKind
from services.kernel.errors import Conflict, Forbidden, NotFound, NotSignedIn, Refused
from services.kernel.ids import Id
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View

Name = Annotated[str, Field(min_length=1, max_length=60)]
Phone = Annotated[str, Field(pattern=r"^\+?\d{5,15}$")]
AppId = Annotated[str, Field(min_length=3, max_length=40)]
OpenId = Annotated[str, Field(min_length=3, max_length=80)]


class StoreKind(StrEnum):
    """衣 食 住 行 生活服务."""

    CLOTHES = "clothes"
    FOOD = "food"
    HOME = "home"
    TRAVEL = "travel"
    SERVICE = "service"


class HouseholdKind(StrEnum):
    """The owner's household, or a tenant's with dates."""

    OWNER = "owner"
    TENANT = "tenant"


class Certification(StrEnum):
    """Whether the property vouches, now."""

    NONE = "none"
    CERTIFIED = "certified"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


# errors


class AlreadyRegistered(Conflict):
    """This id was registered before as something else."""

    code = "identity.already_registered"


class NoSuchAccount(NotFound):
    """There is no such account."""

    code = "identity.no_such_account"


class HomeTaken(Conflict):
    """Another owner's household is certified for this home; withdraw that one first."""

    code = "identity.home_taken"


class NothingToWithdraw(Conflict):
    """The property does not vouch for this any more, or never did."""

    code = "identity.nothing_to_withdraw"


class MerchantGone(Conflict):
    """The merchant has left before."""

    code = "identity.merchant_gone"


class UnknownSession(NotSignedIn):
    """The session is unknown, has ended or has expired."""

    code = "identity.unknown_session"


class WrongPassword(NotSignedIn):
    """User name or password is wrong."""

    code = "identity.wrong_password"


class NotCertified(Forbidden):
    """The property has not certified this household or store, or no longer does."""

    code = "identity.not_certified"


class NotYourHousehold(NotFound):
    """You are not of this household."""

    code = "identity.not_your_household"


class NoSuchStore(NotFound):
    """There is no such store."""

    code = "identity.no_such_store"


class StoreDoesNotServe(Refused):
    """The store does not serve this community."""

    code = "identity.store_does_not_serve"


class NameTaken(Conflict):
    """That name, phone or number is already in use."""

    code = "identity.name_taken"


class NoSuchPlace(NotFound):
    """There is no such community, building, home or gate."""

    code = "identity.no_such_place"


# sessions


class SignInWithWechat(Command):
    """The gateway has proved (by OAuth) that this WeChat user is on the line."""

    app_id: AppId
    openid: OpenId
    client: ShortText = ""


class SignInStaff(Command):
    """A member of staff with a password."""

    username: Name
    password: Annotated[str, Field(min_length=1, max_length=200)]
    client: ShortText = ""


class SessionView(View):
    """`session_token` is the secret for the cookie; it is shown once and kept hashed."""

    session_token: str
    account_id: Id
    expires_at: datetime


class SessionQuery(Query):
    """The secret from the cookie."""

    session_token: Annotated[str, Field(min_length=10, max_length=200)]


class ActorTokenView(View):
    """A token for the services, good for at most a minute."""

    token: str
    expires_at: datetime


class EndSession(Command):
    """Sign out."""

    session_token: Annotated[str, Field(min_length=10, max_length=200)]


class HouseholdMembership(View):
    """A household that the account belongs to, and its home."""

    household_id: Id
    role: Role
    home_id: Id
    community_id: Id
    community_name: str
    building_id: Id
    address: str
    certification: Certification
    certified_until: datetime | None = None
    certified_by: str = ""


class StoreMembership(View):
    """A store where the account works."""

    store_id: Id
    store_name: str
    merchant_id: Id
    role: Role


class MeQuery(Query):
    """Who am I?"""


class MeView(View):
    """Who I am: what pages need to greet and to offer the right menu."""

    account_id: Id
    name: str
    phone_masked: str = ""
    households: list[HouseholdMembership] = []
    stores: list[StoreMembership] = []
    staff_roles: list[Role] = []
    communities: list[Id] = []
    permissions: list[str] = []
    is_courier: bool = False


# what orders asks before it accepts


class OrderContextQuery(Query):
    """May this actor order for this household, where does it live, and do these stores serve it?

    Answered only when all holds; else NotYourHousehold, NotCertified, NoSuchStore or
    StoreDoesNotServe.
    """

    household_id: Id
    store_ids: Annotated[list[Id], Field(min_length=1, max_length=20)]


class StoreBrief(View):
    """What an order keeps about a store."""

    store_id: Id
    merchant_id: Id
    name: str
    phone: str = ""
    address: str = ""


class OrderContext(View):
    """The certified address, as it will stand on the order."""

    household_id: Id
    home_id: Id
    community_id: Id
    building_id: Id
    address: str
    contact_name: str
    stores: list[StoreBrief]


# stores for residents


class StoresQuery(PageQuery):
    """Certified stores that serve a community; nearest first when `near_building_id` is given."""

    community_id: Id
    kind: StoreKind | None = None
    near_building_id: Id | None = None


class StoreQuery(Query):
    """One store by id."""

    store_id: Id


class StoresByIdQuery(Query):
    """Several stores at once, for lists (no N+1)."""

    store_ids: Annotated[list[Id], Field(max_length=100)]


class StoreView(View):
    """A store as residents see it: who vouches for it, where it is, whom it serves."""

    store_id: Id
    merchant_id: Id
    name: str
    kind: StoreKind
    description: str = ""
    address: str = ""
    phone: str = ""
    picture: str = ""
    same_building: bool = False
    distance_m: int | None = None
    certification: Certification
    certified_by: str = ""
    certified_until: datetime | None = None
    community_ids: list[Id] = []


# places


class RegisterCommunity(Command):
    """A new community; the id is chosen by the caller so that a repeat meets the first."""

    community_id: Id
    name: Name
    address: ShortText = ""
    service_phone: str = Field(default="", max_length=20)


class RegisterGate(Command):
    """A gate of a community."""

    gate_id: Id
    community_id: Id
    name: Name


class HomeSpec(View):
    """One door of a building."""

    home_id: Id
    unit: Annotated[str, Field(max_length=10)] = ""
    door: Annotated[str, Field(min_length=1, max_length=10)]


class RegisterBuilding(Command):
    """A building with its homes; `x_m`, `y_m` is its place on the community's plan, in metres."""

    building_id: Id
    community_id: Id
    name: Name
    x_m: int = 0
    y_m: int = 0
    homes: Annotated[list[HomeSpec], Field(max_length=500)] = []


class CommunityQuery(Query):
    """One community by id."""

    community_id: Id


class GateView(View):
    """A gate."""

    gate_id: Id
    community_id: Id
    name: str


class CommunityView(View):
    """A community with its gates."""

    community_id: Id
    name: str
    address: str = ""
    service_phone: str = ""
    gates: list[GateView] = []


class CommunitiesQuery(Query):
    """All communities of the company."""


class CommunitiesView(View):
    """All communities of the company."""

    communities: list[CommunityView]


# people


class MemberSpec(View):
    """One person of a household; `openid` binds the WeChat user at once (an imported binding)."""

    account_id: Id
    name: Name
    phone: Phone
    role: Role
    app_id: str = ""
    openid: str = ""


class RegisterHousehold(Command):
    """A certified household at a home: its people, and on whose word until when."""

    household_id: Id
    home_id: Id
    kind: HouseholdKind = HouseholdKind.OWNER
    members: Annotated[list[MemberSpec], Field(min_length=1, max_length=20)]
    certified_until: datetime
    evidence: Annotated[str, Field(min_length=1, max_length=200)]


class WithdrawCertification(Command):
    """The property no longer vouches for a household or store; the reason is put on record."""

    subject_id: Id
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class LeaveMerchant(Command):
    """A merchant leaves for good: its stores close, its members get their prepaid cards back.

    What is under way goes on to its end, and its people keep the desk for that.
    """

    merchant_id: Id
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class RegisterAccount(Command):
    """A person without a household: a courier, a shop hand."""

    account_id: Id
    name: Name
    phone: Phone
    app_id: str = ""
    openid: str = ""


class RegisterStaff(Command):
    """A member of staff; the password is kept as argon2id."""

    account_id: Id
    name: Name
    phone: Phone
    username: Name
    password: Annotated[str, Field(min_length=8, max_length=200)]
    roles: Annotated[list[Role], Field(min_length=1, max_length=10)]
    community_ids: Annotated[list[Id], Field(max_length=200)] = []
    app_id: str = ""
    openid: str = ""


# merchants


class StoreSpec(View):
    """A store of a merchant; `x_m`, `y_m`: place on the plan, `building_id`: traders at home."""

    store_id: Id
    name: Name
    kind: StoreKind
    description: str = Field(default="", max_length=500)
    address: ShortText = ""
    phone: str = Field(default="", max_length=20)
    picture: ShortText = ""
    building_id: Id | None = None
    x_m: int = 0
    y_m: int = 0
    community_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


class RegisterMerchant(Command):
    """A certified merchant with its stores and people (`role` is shopkeeper or shop_hand)."""

    merchant_id: Id
    name: Name
    stores: Annotated[list[StoreSpec], Field(min_length=1, max_length=20)]
    people: Annotated[list[MemberSpec], Field(min_length=1, max_length=50)]
    certified_until: datetime
    evidence: Annotated[str, Field(min_length=1, max_length=200)]


class Registered(View):
    """The id of what was registered."""

    id: Id


# what other services ask


class ContactsQuery(Query):
    """Who is to be told about something of these households, merchants or accounts?"""

    household_ids: Annotated[list[Id], Field(max_length=100)] = []
    merchant_ids: Annotated[list[Id], Field(max_length=100)] = []
    account_ids: Annotated[list[Id], Field(max_length=100)] = []


class Contact(View):
    """A WeChat address of one person, for the group it was asked for."""

    group_id: Id
    account_id: Id
    app_id: str
    openid: str
    role: Role | None = None


class ContactsView(View):
    """At most 20 people a group."""

    contacts: list[Contact]


class FeeRightQuery(Query):
    """May this actor see and pay what a home or a merchant owes, and with whose fund?

    Without an owner: with any of the actor's own households at that home.
    """

    debtor_kind: DebtorKind
    debtor_id: Id
    owner_kind: OwnerKind | None = None
    owner_id: Id | None = None


class FeeRight(View):
    """The answer, by identity's own rows at this moment."""

    allowed: bool
    """To see the bills and to pay them."""
    may_use_fund: bool
    """To pay them with the owner's fund."""
    owner_fits: bool
    """The owner asked for is the debtor itself, or a certified household at the home."""
    answers_id: Id | None = None
    """Who answers for the bills: the owner's household before a tenant's; the merchant."""
    debtor_name: str = ""
    """The home's address, or the merchant's name; empty when there is none such."""


class CourierCheckQuery(Query):
    """Is this account there, and what is its name? (delivery registers couriers.)"""

    account_id: Id


class AccountBrief(View):
    """A person's name and masked phone."""

    account_id: Id
    name: str
    phone_masked: str


class MarkCourier(Command):
    """delivery has registered (or ended) this account as a courier: the role follows."""

    account_id: Id
    active: bool = True


class IdentityCountsQuery(Query):
    """Numbers for the staff overview."""

    community_id: Id | None = None


class IdentityCounts(View):
    """How many there are, certified and in all."""

    homes: int
    households: int
    households_certified: int
    people: int
    merchants: int
    stores: int
    stores_certified: int
    staff: int


class MerchantsQuery(PageQuery):
    """All merchants, for staff; `text` is part of a name."""

    text: str = Field(default="", max_length=60)


class MerchantView(View):
    """A merchant as staff see it."""

    merchant_id: Id
    name: str
    certification: Certification
    certified_by: str = ""
    certified_until: datetime | None = None
    left_at: datetime | None = None
    """For good."""
    stores: list[StoreView] = []


# events


class MerchantLeft(Event):
    """A merchant has left for good. `aggregate_id` is the merchant."""

    name: ClassVar[str] = "merchant.left"
    source: ClassVar[str] = "identity"
    reason: ShortText = ""
