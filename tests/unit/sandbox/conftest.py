"""A running sandbox for each test, quiet and a thousand times as fast as WeChat."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.app import create_app
from deploy.sandbox.keys import make_keys
from deploy.sandbox.trouble import Settings
from deploy.sandbox.world import open_world
from tests.unit.sandbox.rig import OPENID, Sandbox, Shop, merchant, served

FAST = 1000.0


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A merchant's server."""
    shop = Shop()
    with served(shop.app()) as url:
        shop.url = url
        yield shop


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One set of keys: making them takes a while."""
    directory = tmp_path_factory.mktemp("sandbox")
    make_keys(directory)
    return directory


@pytest.fixture
def sandbox(keys_dir: Path, tmp_path: Path, shop: Shop) -> Iterator[Sandbox]:
    """A quiet sandbox, repeats a thousand times as fast, one person on its phone."""
    (tmp_path / "keys").symlink_to(keys_dir / "keys")
    settings = Settings(
        webhook_url=f"{shop.url}/wechat", speed_up=FAST, signtest_every=0, refund_delay_s=0.05
    )
    world = open_world(tmp_path, settings)
    with served(create_app(world)) as url:
        client = merchant(keys_dir, world, url, f"{shop.url}/pay/notify")
        sandbox = Sandbox(url, world, client, shop)
        sandbox.api("POST", "people", {"openid": OPENID, "name": "张小雨"})
        yield sandbox
    world.timers.close()
