"""Everything that the sandbox's pages and interfaces share, put together once."""

from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.keys import Account, load_keys
from deploy.sandbox.notices import Notices
from deploy.sandbox.signing import Signer, Verifier
from deploy.sandbox.store import Store
from deploy.sandbox.timers import Timers
from deploy.sandbox.trouble import Knobs, Settings

THREADS = 8


@dataclass(frozen=True)
class World:
    """The collaborators; each interface takes what it needs."""

    account: Account
    store: Store
    knobs: Knobs
    timers: Timers
    signer: Signer
    verifier: Verifier
    notices: Notices


def open_world(directory: Path, settings: Settings) -> World:
    """Read keys and state from `directory` and start the threads that deliver."""
    keys, store, knobs = load_keys(directory), Store(directory / "sandbox.sqlite"), Knobs(settings)
    timers, signer = Timers(THREADS), Signer(keys)
    return World(
        account=keys.account,
        store=store,
        knobs=knobs,
        timers=timers,
        signer=signer,
        verifier=Verifier(keys),
        notices=Notices(keys.account, store, signer, timers, knobs),
    )
