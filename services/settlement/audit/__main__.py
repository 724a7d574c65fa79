"""`python -m services.settlement.audit [--json]`: prove the books of a running installation.

A client from outside, like the gateway: it asks settlement for its proofs, then pages through what
orders believes and has settlement compare it. Ends with 1 when anything does not hold.
"""

import argparse
import json
import sys

from pydantic import Field

from services.contracts.orders import OrderAmount, OrderAmountsQuery
from services.contracts.permissions import Permission, Role
from services.contracts.settlement import AuditQuery, AuditView, MatchOrders, Proof
from services.kernel.actor import Actor, ActorSigner
from services.kernel.clock import now
from services.kernel.config import BaseSettings, load
from services.kernel.errors import LinliError
from services.kernel.ids import new_id
from services.kernel.rpc_client import Services, connect
from services.kernel.wire import Page
from services.settlement.audit.match import STATEMENT
from services.settlement.audit.order_books import ESCROW_PROOF

AUDIT_DEADLINE_MS, PAGE_DEADLINE_MS = 120_000, 15_000
DIFFERENCES_MAX = 20


class BrokerSettings(BaseSettings):
    """Where to ask."""

    amqp_url: str = Field(description="AMQP URL of a client that may call settlement and orders.")


class SignerSettings(BaseSettings):
    """As whom to ask."""

    actor_private_key: str = Field(description="PEM of the Ed25519 key that signs actor tokens.")


def main(argv: list[str] | None = None) -> int:
    """Print each proof as a line; 0 when all hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="the proofs as JSON")
    as_json = parser.parse_args(argv).json
    client = connect(load(BrokerSettings, "gateway").amqp_url, "gateway-audit")
    try:
        view = prove_all(client, load(SignerSettings, "identity").actor_private_key)
    except LinliError as error:
        sys.stderr.write(f"audit: {error.code}: {error.message}\n")
        return 1
    finally:
        client.client.stop()
    sys.stdout.write(_as_json(view) if as_json else _as_lines(view))
    return 0 if view.proved else 1


def prove_all(client: Services, signing_key_pem: str) -> AuditView:
    """Settlement's proofs and the comparison with orders."""
    signer = ActorSigner(signing_key_pem)
    view = client.settlement.audit(
        AuditQuery(),
        answer=AuditView,
        deadline_ms=AUDIT_DEADLINE_MS,
        actor_token=_token(signer),
    )
    orders = _match_all(client, signer, view)
    return view.model_copy(
        update={"proofs": [*view.proofs, orders], "proved": view.proved and orders.holds}
    )


def _token(signer: ActorSigner) -> str:
    """A manager's, for a minute: an audit may take longer than one token lives."""
    manager = Actor(
        account_id=new_id(),
        name="audit",
        roles=(Role.MANAGER,),
        permissions=frozenset({Permission.MONEY_AUDIT, Permission.MONEY_VIEW_ANY}),
    )
    return signer.sign(manager, now())


def _match_all(client: Services, signer: ActorSigner, view: AuditView) -> Proof:
    matched, differences, after = 0, [], None
    while True:
        page = client.orders.order_amounts(
            OrderAmountsQuery(after=after, limit=100),
            answer=Page[OrderAmount],
            deadline_ms=PAGE_DEADLINE_MS,
            actor_token=_token(signer),
        )
        if page.items:
            proof = client.settlement.match_orders(
                MatchOrders(orders=page.items),
                answer=Proof,
                deadline_ms=PAGE_DEADLINE_MS,
                actor_token=_token(signer),
            )
            matched += proof.checked
            differences += proof.differences
        after = page.next_after
        if after is None:
            return _orders_proof(view, matched, differences)


def _orders_proof(view: AuditView, matched: int, differences: list[str]) -> Proof:
    held = next(proof.checked for proof in view.proofs if proof.name == ESCROW_PROOF)
    if matched < held:
        differences = [*differences, f"{held - matched} orders with money are unknown to orders"]
    return Proof(
        name="orders",
        statement=STATEMENT,
        holds=not differences,
        checked=matched,
        differences=differences[:DIFFERENCES_MAX],
    )


def _as_json(view: AuditView) -> str:
    return json.dumps(view.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"


def _as_lines(view: AuditView) -> str:
    lines: list[str] = []
    for proof in view.proofs:
        mark = "✓" if proof.holds else "✗"
        lines.append(f"{mark} {proof.name:<14} {proof.checked:>9}  {proof.statement}")
        lines += [f"    {difference}" for difference in proof.differences]
    for kind, balance_fen in view.trial_balance.items():
        lines.append(f"  {kind:<24} {balance_fen:>16}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
