"""A gateway without a broker; each test gets a new world around it."""

from pathlib import Path

import pytest
from flask import Flask

from tests.support.gateway import World, make_world, renew
from tests.support.gateway_deals import deals_world
from tests.support.gateway_money import money_world


@pytest.fixture(scope="session")
def made_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The app with ordinary settings."""
    return make_world(tmp_path_factory.mktemp("files")).app


@pytest.fixture
def world(made_app: Flask, tmp_path: Path) -> World:
    """Services that answer, a browser that can sign in, files in a folder of the test."""
    return renew(made_app, tmp_path)


@pytest.fixture
def money(world: World) -> None:
    """Settlement with everything in it; a test may take some away."""
    world.services.answers |= money_world()


@pytest.fixture
def deals(world: World) -> None:
    """Orders with one of everything that may be open on an order."""
    world.services.answers |= deals_world()
