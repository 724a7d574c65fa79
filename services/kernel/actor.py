"""Who acts: a short-lived token, signed by one service, checked by every other without asking.

The token is a JWT signed with Ed25519 (RFC 7519, RFC 8037). It lives a minute, so that a role or a
session that ends is gone everywhere within a minute.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from pydantic import BaseModel, ConfigDict, Field

from services.kernel.errors import Forbidden, NotSignedIn

TOKEN_LIFETIME = timedelta(seconds=60)
_CACHE_MAX = 4096


class Actor(BaseModel):
    """The person (or program) behind a call, as its signer vouches for it.

    `groups` maps the id of a thing the actor belongs to (whatever the signer's domain calls it) to
    the role there; `permissions` are the actions the actor may try at all. Whether the action is
    allowed on this very object, each service decides itself.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    account_id: str
    session_id: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    communities: tuple[str, ...] = ()
    groups: dict[str, str] = Field(default_factory=dict)

    def may(self, permission: str) -> bool:
        """True when the signer granted this action."""
        return permission in self.permissions

    def need(self, permission: str) -> None:
        """Forbidden unless granted."""
        if not self.may(permission):
            raise Forbidden(f"needs {permission}")

    def role_in(self, group_id: str) -> str | None:
        """The actor's role in a group (a household, a shop), or None for a stranger."""
        return self.groups.get(group_id)


class ActorSigner:
    """Signs tokens; only the service that knows who everybody is holds the private key."""

    def __init__(self, private_key_pem: str) -> None:
        key = load_pem_private_key(private_key_pem.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the actor key is not an Ed25519 key")
        self._key = key

    def sign(self, actor: Actor, now: datetime, lifetime: timedelta = TOKEN_LIFETIME) -> str:
        """The token for `actor`, good until `now + lifetime`."""
        claims = actor.model_dump(mode="json", exclude_defaults=True)
        claims["exp"] = int((now + lifetime).timestamp())
        return jwt.encode(claims, self._key, algorithm="EdDSA")


class ActorVerifier:
    """Checks tokens with the public key; a token seen before costs one dictionary look-up."""

    def __init__(self, public_key_pem: str) -> None:
        key = load_pem_public_key(public_key_pem.encode())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("the actor key is not an Ed25519 key")
        self._key = key
        self._seen: OrderedDict[str, tuple[Actor, float]] = OrderedDict()

    def verify(self, token: str, now: datetime) -> Actor:
        """The actor of a genuine, unexpired token; else NotSignedIn."""
        known = self._seen.get(token)
        if known is None:
            known = self._decode(token)
            self._seen[token] = known
            if len(self._seen) > _CACHE_MAX:
                self._seen.popitem(last=False)
        actor, expires_at_s = known
        if now.timestamp() >= expires_at_s:
            raise NotSignedIn("the actor token has expired")
        return actor

    def _decode(self, token: str) -> tuple[Actor, float]:
        try:
            # The expiry is compared by the caller, against the project's own clock.
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                options={"require": ["exp"], "verify_exp": False},
            )
            return Actor.model_validate(claims), float(claims["exp"])
        except (jwt.PyJWTError, ValueError) as error:
            raise NotSignedIn("the actor token is not genuine") from error
