"""Every key of the sandbox and of its one customer, made once and kept in a folder.

    python -m deploy.sandbox.keys DIR [--port 8090] [--base-url URL] [--notify-url URL]

The folder also gets `env.json`: what settlement and marketing need to talk to this sandbox.
"""

import argparse
import json
import secrets
import string
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from deploy.sandbox import channel_keys, fee_signing

MERCHANT_KEY_FILE = "merchant_key.pem"
PLATFORM_KEY_FILE = "platform_key.pem"
PLATFORM_PUBLIC_KEY_FILE = "platform_public_key.pem"
ACCOUNT_FILE = "account.json"


@dataclass(frozen=True)
class Account:
    """What a contract with WeChat hands out: ids and secrets of service account and merchant."""

    app_id: str
    app_secret: str
    token: str
    aes_key: str
    mchid: str
    merchant_serial: str
    public_key_id: str
    apiv3_key: str
    account_name: str = "邻里生活"
    merchant_name: str = "邻里物业服务有限公司"


@dataclass(frozen=True)
class Keys:
    """The account, the platform's own RSA key and the merchant's public one."""

    account: Account
    platform_key: RSAPrivateKey
    merchant_public_key: RSAPublicKey


def make_keys(directory: Path) -> None:
    """Create what is missing under `directory`/keys; what is there stays as it is."""
    folder = directory / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (MERCHANT_KEY_FILE, PLATFORM_KEY_FILE):
        if not (folder / name).exists():
            _write_private(folder / name, _private_pem())
    public = _load_private(folder / PLATFORM_KEY_FILE).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    _write_private(folder / PLATFORM_PUBLIC_KEY_FILE, pem)
    if not (folder / ACCOUNT_FILE).exists():
        text = json.dumps(asdict(_new_account()), ensure_ascii=False, indent=2)
        _write_private(folder / ACCOUNT_FILE, text)
    channel_keys.make(folder, _write_private)
    fee_signing.make(folder, _write_private)


def load_keys(directory: Path) -> Keys:
    """Read what `make_keys` wrote."""
    folder = directory / "keys"
    account = Account(**json.loads((folder / ACCOUNT_FILE).read_text("utf-8")))
    return Keys(
        account=account,
        platform_key=_load_private(folder / PLATFORM_KEY_FILE),
        merchant_public_key=_load_private(folder / MERCHANT_KEY_FILE).public_key(),
    )


def write_env(directory: Path, base_url: str, browser_url: str, notify_url: str) -> Path:
    """Write env.json: flat names and values, secrets' files by absolute path."""
    account = load_keys(directory).account
    folder = (directory / "keys").resolve()
    pay, wechat = "LINLI_SETTLEMENT_WECHATPAY_", "LINLI_MARKETING_WECHAT_"
    env = {
        f"{pay}BASE_URL": base_url,
        f"{pay}MCHID": account.mchid,
        f"{pay}APP_ID": account.app_id,
        f"{pay}MERCHANT_KEY_FILE": str(folder / MERCHANT_KEY_FILE),
        f"{pay}MERCHANT_SERIAL": account.merchant_serial,
        f"{pay}PUBLIC_KEY_FILE": str(folder / PLATFORM_PUBLIC_KEY_FILE),
        f"{pay}PUBLIC_KEY_ID": account.public_key_id,
        f"{pay}APIV3_KEY": account.apiv3_key,
        f"{pay}NOTIFY_URL": notify_url,
        f"{pay}MERCHANT_NAME": account.merchant_name,
        # The sandbox lets money be shared a few moments after the payment.
        "LINLI_SETTLEMENT_PROFIT_SHARE_AFTER_S": "1",
        f"{wechat}APP_ID": account.app_id,
        f"{wechat}APP_SECRET": account.app_secret,
        f"{wechat}TOKEN": account.token,
        f"{wechat}AES_KEY": account.aes_key,
        f"{wechat}API_BASE_URL": base_url,
        f"{wechat}OAUTH_BASE_URL": browser_url,
        **channel_keys.settings(directory, base_url, browser_url, notify_url),
        **fee_signing.settings(directory, base_url),
    }
    path = directory / "env.json"
    _write_private(path, json.dumps(env, indent=2) + "\n")
    return path


def _new_account() -> Account:
    return Account(
        app_id="wx" + secrets.token_hex(8),
        app_secret=secrets.token_hex(16),
        token=_word(24),
        aes_key=_word(43),
        mchid="19" + _digits(8),
        merchant_serial=secrets.token_hex(20).upper(),
        public_key_id="PUB_KEY_ID_01" + _digits(26),
        apiv3_key=_word(32),
    )


def _word(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def _digits(length: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(length))


def _private_pem() -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _load_private(path: Path) -> RSAPrivateKey:
    # Our own key: checking its primes would cost each start of a sandbox as much as making pages.
    key = load_pem_private_key(
        path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path.name} holds no RSA key")
    return key


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_text(text, "utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    """Make the keys and print where the settings are."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.keys", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--base-url", help="what services call (default: loopback and the port)")
    parser.add_argument("--browser-url", help="what a browser opens (default: the base URL)")
    parser.add_argument("--notify-url", default="http://127.0.0.1:8080/pay/wechat/notify")
    args = parser.parse_args(argv)
    base_url = args.base_url or f"http://127.0.0.1:{args.port}"
    make_keys(args.directory)
    print(write_env(args.directory, base_url, args.browser_url or base_url, args.notify_url))


if __name__ == "__main__":
    main()
