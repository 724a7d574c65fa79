from deploy.local.accounts import database_statements, drop_statements
from deploy.local.definitions import Names
from deploy.local.environment import with_login
from deploy.local.home import SERVICES

PASSWORDS = {service: f"pw-{service}" for service in SERVICES}


def test_each_service_gets_rights_on_its_own_database_alone() -> None:
    grants = [
        one
        for one in database_statements(Names(), PASSWORDS, "127.0.0.1")
        if one.startswith("GRANT")
    ]

    assert len(grants) == len(SERVICES)
    assert r"GRANT ALL PRIVILEGES ON `linli\_orders`.* TO 'linli_orders'@'127.0.0.1'" in grants


def test_what_is_made_is_taken_away_again() -> None:
    made = " ".join(database_statements(Names("trial"), PASSWORDS, "%"))
    dropped = " ".join(drop_statements(Names("trial"), "%"))

    for service in SERVICES:
        assert f"CREATE DATABASE IF NOT EXISTS `trial_{service}`" in made
        assert f"DROP DATABASE IF EXISTS `trial_{service}`" in dropped
        assert f"DROP USER IF EXISTS 'trial_{service}'@'%'" in dropped


def test_a_login_is_put_into_an_address() -> None:
    url = with_login("amqp://admin:old@127.0.0.1:5672/first", "linli_orders", "a/b", "/linli")

    assert url == "amqp://linli_orders:a%2Fb@127.0.0.1:5672/linli"
