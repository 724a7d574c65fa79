from dataclasses import replace

from deploy.local.servers import (
    MARIADB,
    RABBITMQ,
    amqp_variable,
    choose,
    management_url,
    nothing_found,
)

HERE = replace(MARIADB, available=lambda: True)


def test_a_given_server_goes_before_programs_on_this_machine() -> None:
    assert choose(HERE, {"LINLI_DATABASE_URL": "mysql://elsewhere/"}, None) == "given"


def test_programs_on_this_machine_are_used_as_private_copies() -> None:
    assert choose(HERE, {}, None) == "private"


def test_with_nothing_at_all_one_screen_says_what_would_do() -> None:
    told = str(nothing_found(RABBITMQ))

    for way in ("apt-get install rabbitmq-server", "Docker", "LINLI_AMQP_URL"):
        assert way in told
    assert len(told.splitlines()) < 20


def test_the_management_api_is_looked_for_beside_the_broker() -> None:
    assert management_url("amqp://boss:pw@mq.example:5672/x") == "http://boss:pw@mq.example:15672"


def test_each_brokers_user_has_a_setting() -> None:
    assert amqp_variable("orders") == "LINLI_ORDERS_AMQP_URL"
