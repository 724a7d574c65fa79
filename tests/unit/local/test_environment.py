from pathlib import Path

from deploy.local import environment
from deploy.local.credentials import BROKER_USERS, Credentials
from deploy.local.definitions import Names
from deploy.local.home import SERVICES, Home
from deploy.local.servers import Servers

PRIVATE = Servers(
    database_kind="private",
    broker_kind="private",
    database_url="mysql+pymysql://linli_admin:secret@127.0.0.1:3307/?charset=utf8mb4",
    broker_url="amqp://linli_admin:secret@127.0.0.1:5673/linli",
    control_command=["rabbitmqctl"],
    control_variables={},
    management_url=None,
)


def test_each_service_has_its_own_account_at_both_servers(tmp_path: Path) -> None:
    secrets = Credentials(tmp_path)
    urls = environment.account_urls(PRIVATE, Names("trial"), secrets)

    password = secrets.database_passwords()["orders"]
    assert urls["LINLI_ORDERS_DATABASE_URL"] == (
        f"mysql+pymysql://trial_orders:{password}@127.0.0.1:3307/trial_orders?charset=utf8mb4"
    )
    password = secrets.broker_passwords()["orders"]
    assert urls["LINLI_ORDERS_AMQP_URL"] == f"amqp://trial_orders:{password}@127.0.0.1:5673/trial"
    assert len(urls) == len(SERVICES) + len(BROKER_USERS)


def test_tools_get_the_administrators_addresses_and_parts_do_not(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    environment.save(
        home, {"LINLI_LOG_LEVEL": "INFO"}, environment.administration(PRIVATE, Names())
    )

    parts, tools = environment.load(home, "parts"), environment.load(home, "tools")

    assert parts == {"LINLI_LOG_LEVEL": "INFO"}
    assert tools is not None
    assert tools["LINLI_DATABASE_URL"] == PRIVATE.database_url
    assert tools["LINLI_AMQP_URL"] == PRIVATE.broker_url


def test_the_demos_pages_name_the_property_and_its_phone() -> None:
    said = environment.demo_settings()

    assert said["LINLI_PROPERTY_NAME"] == "翠湖苑物业"
    assert said["LINLI_PROPERTY_PHONE"].isdigit()


def test_nothing_is_known_of_an_installation_that_never_was(tmp_path: Path) -> None:
    assert environment.load(Home(tmp_path)) is None
