import base64
import hashlib

from deploy.local.definitions import ADMIN, Names, definitions, password_hash

USERS = [
    {
        "user": "linli_orders",
        "configure": "^orders",
        "write": "^orders|rpc$",
        "read": "^orders",
        "topics": [{"exchange": "events", "write": "^orders", "read": ".*"}],
    }
]


def test_a_password_hash_is_rabbitmqs_own() -> None:
    salt = bytes.fromhex("908dc60a")

    hashed = base64.b64decode(password_hash("test12", salt))

    assert hashed[:4] == salt
    assert hashed[4:] == hashlib.sha256(salt + b"test12").digest()


def test_each_user_may_do_what_its_contract_says() -> None:
    document = definitions(Names(), USERS, {"orders": "secret"}, admin_password="admin-secret")

    assert {
        "user": "linli_orders",
        "vhost": "linli",
        "configure": "^orders",
        "write": "^orders|rpc$",
        "read": "^orders",
    } in document["permissions"]
    assert document["topic_permissions"] == [
        {
            "user": "linli_orders",
            "vhost": "linli",
            "exchange": "events",
            "write": "^orders",
            "read": ".*",
        }
    ]


def test_only_the_administrator_is_one() -> None:
    document = definitions(Names(), USERS, {"orders": "secret"}, admin_password="admin-secret")

    tags = {user["name"]: user["tags"] for user in document["users"]}

    assert tags == {ADMIN: "administrator", "linli_orders": ""}


def test_no_password_is_written_in_clear() -> None:
    document = definitions(Names(), USERS, {"orders": "secret"}, admin_password="admin-secret")

    assert "secret" not in str(document["users"])


def test_an_installation_on_a_shared_broker_has_names_of_its_own() -> None:
    document = definitions(Names("trial"), USERS, {"orders": "secret"})

    assert document["vhosts"] == [{"name": "trial"}]
    assert [user["name"] for user in document["users"]] == ["trial_orders"]
    assert {one["vhost"] for one in document["permissions"]} == {"trial"}
    assert document["topic_permissions"][0]["user"] == "trial_orders"
