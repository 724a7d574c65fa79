"""Everything that the sandbox's pages and interfaces share, put together once."""

import json
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox import channel_keys, fee_signing
from deploy.sandbox.channel_keys import ChannelKeys
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
    channels: ChannelKeys
    fee_key: str
    store: Store
    knobs: Knobs
    timers: Timers
    signer: Signer
    verifier: Verifier
    notices: Notices
    browser_url: str = ""
    """Where a browser finds this sandbox; empty: where the request went."""


def open_world(directory: Path, settings: Settings) -> World:
    """Read keys and state from `directory` and start the threads that deliver."""
    keys, store, knobs = load_keys(directory), Store(directory / "sandbox.sqlite"), Knobs(settings)
    timers, signer = Timers(THREADS), Signer(keys)
    return World(
        account=keys.account,
        channels=channel_keys.load(directory),
        fee_key=fee_signing.load(directory),
        store=store,
        knobs=knobs,
        timers=timers,
        signer=signer,
        verifier=Verifier(keys),
        notices=Notices(keys.account, store, signer, timers, knobs),
        browser_url=_browser_url(directory),
    )


def _browser_url(directory: Path) -> str:
    path = directory / "env.json"
    if not path.exists():
        return ""
    return str(json.loads(path.read_text("utf-8"))["LINLI_MARKETING_WECHAT_OAUTH_BASE_URL"])
