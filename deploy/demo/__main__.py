"""`./linli seed`: the demo community in a running installation; says who to sign in as."""

import os
import subprocess
import sys
import tempfile

import requests

from deploy.demo import names
from deploy.demo.connection import MANAGER, Desk, as_gateway, openid_of, setting
from deploy.demo.seed import Seeding
from services.contracts.marketing import WechatAccountQuery, WechatAccountView
from services.kernel.crypto import Sealer
from services.kernel.files import FileStore
from services.marketing.domain.notices import WORDINGS

HTTP_TIMEOUT_S = 10


def main() -> None:
    """Bootstrap the first manager and the WeChat account, seed, tell the sandbox's phone."""
    password = setting("LINLI_DEMO_STAFF_PASSWORD")
    bootstrap(password)
    services = as_gateway()
    try:
        app_id = services.marketing.wechat_account(
            WechatAccountQuery(), answer=WechatAccountView, deadline_ms=5000
        ).app_id
        files = FileStore(setting("LINLI_FILES_URL"), Sealer(setting("LINLI_DATA_KEYS")))
        desk = Desk.of_manager(services, MANAGER, password)
        Seeding(desk, files, app_id, password, lambda step: print(f"  {step}", flush=True)).run()
    finally:
        services.client.stop()
    people = tell_phone()
    print(greeting(people, password))


def bootstrap(password: str) -> None:
    """The company's first manager, and the service account that the settings name."""
    with tempfile.NamedTemporaryFile("w", suffix=".password") as file:
        file.write(password)
        file.flush()
        company = names.Community().property_name
        identity = ["--username", MANAGER, "--password-file", file.name]
        # The certified mark names its giver: here the property itself.
        run_module(
            "services.identity.bootstrap", *identity, "--name", company, "--company", company
        )
    run_module("services.marketing.bootstrap")


def run_module(module: str, *arguments: str) -> None:
    """Run one of the project's programs; its words are shown when it fails."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{module} failed:\n{done.stdout}{done.stderr}")


def phone_people() -> list[dict[str, str]]:
    """Those whose phone the sandbox can be: a few families, every shopkeeper, couriers, guards."""
    town = names.community()
    chosen = [
        (member.key, f"{member.name}（{home.address}）")
        for home in town.households[:12]
        for member in home.members
    ]
    for shop in town.shops:
        chosen.append((shop.keeper.key, f"{shop.keeper.name}（{shop.name}）"))
        chosen += [(c.key, f"{c.name}（{shop.name}配送）") for c in shop.couriers]
    chosen += [(s.key, f"{s.name}（物业门岗）") for s in town.staff if s.role == "guard"]
    return [{"openid": openid_of(key), "name": name} for key, name in chosen]


def tell_phone() -> list[dict[str, str]]:
    """Make the people known to the sandbox's phone page; each follows the account."""
    people = phone_people()
    sandbox = os.environ.get("LINLI_SANDBOX_URL")
    if sandbox:
        answer = requests.post(f"{sandbox}/sandbox/api/people", json=people, timeout=HTTP_TIMEOUT_S)
        answer.raise_for_status()
        name_templates(sandbox)
    return people


def name_templates(sandbox: str) -> None:
    """The titles and labels that an operator has applied for at WeChat's own template library."""
    for kind, wording in WORDINGS.items():
        labels = {keyword.field: keyword.label for keyword in wording.keywords}
        requests.put(
            f"{sandbox}/sandbox/api/templates/{kind}",
            json={"title": wording.title, "labels": labels},
            timeout=HTTP_TIMEOUT_S,
        ).raise_for_status()


def greeting(people: list[dict[str, str]], password: str) -> str:
    """Whom to be, and where."""
    town = names.community()
    gateway = os.environ.get("LINLI_GATEWAY_URL", "")
    sandbox = os.environ.get("LINLI_SANDBOX_URL", "")
    staff = "\n".join(f"    {s.username:<10} {s.name} ({s.role})" for s in town.staff)
    return f"""
{town.name}: {len(town.households)} homes, {len(town.shops)} shops, \
{sum(len(shop.goods) for shop in town.shops)} goods
  The phone     {sandbox}/   be one of {len(people)} people, e.g. {people[0]["name"]}
  Staff console {gateway}/console   password {password}
{staff}"""


if __name__ == "__main__":
    main()
