import base64
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from deploy.local.credentials import BROKER_USERS, Credentials


def test_secrets_are_made_once(tmp_path: Path) -> None:
    first = Credentials(tmp_path)
    before = (first.environment(), first.database_passwords(), first.broker_passwords())

    again = Credentials(tmp_path)

    assert (again.environment(), again.database_passwords(), again.broker_passwords()) == before


def test_only_the_owner_may_read_a_secret(tmp_path: Path) -> None:
    secrets = Credentials(tmp_path)
    secrets.environment()
    secrets.database_passwords()

    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {0o600}


def test_every_account_has_a_password_of_its_own(tmp_path: Path) -> None:
    secrets = Credentials(tmp_path)
    passwords = [*secrets.database_passwords().values(), *secrets.broker_passwords().values()]

    assert len(set(passwords)) == len(passwords) == 6 + len(BROKER_USERS)


def test_the_actor_keys_are_one_ed25519_pair(tmp_path: Path) -> None:
    settings = Credentials(tmp_path).environment()
    private = load_pem_private_key(
        Path(settings["LINLI_IDENTITY_ACTOR_PRIVATE_KEY_FILE"]).read_bytes(), None
    )
    public = load_pem_public_key(Path(settings["LINLI_ACTOR_PUBLIC_KEY_FILE"]).read_bytes())

    assert isinstance(private, Ed25519PrivateKey)
    assert private.public_key() == public


def test_data_and_index_keys_hold_32_bytes(tmp_path: Path) -> None:
    settings = Credentials(tmp_path).environment()
    key_id, _, key = settings["LINLI_DATA_KEYS"].partition(":")

    assert key_id == "k1"
    assert len(base64.b64decode(key)) == 32
    assert len(base64.b64decode(settings["LINLI_BLIND_INDEX_KEY"])) == 32
