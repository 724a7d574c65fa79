"""`python -m services.marketing.bootstrap`: put the settings' WeChat account into the database.

Safe to run at each start: the row is made once and brought up to the settings after that.
"""

import json
import sys

from pydantic import ValidationError

from services.contracts.marketing import PutWechatAccount
from services.kernel.clock import now
from services.kernel.config import SettingsError, load
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.marketing import accounts
from services.marketing.domain.notices import WORDINGS
from services.marketing.settings import Settings


def account_of(settings: Settings) -> PutWechatAccount:
    """The account that the settings describe; SettingsError lists what is wrong with it.

    Without template ids each kind's own name stands for one, which only a sandbox takes.
    """
    templates = json.loads(settings.wechat_template_ids) or {kind: str(kind) for kind in WORDINGS}
    try:
        return PutWechatAccount(
            request_id=new_id(),
            app_id=settings.wechat_app_id,
            name=settings.wechat_name,
            app_secret=settings.wechat_app_secret,
            token=settings.wechat_token,
            aes_key=settings.wechat_aes_key,
            api_base_url=settings.wechat_api_base_url,
            oauth_base_url=settings.wechat_oauth_base_url,
            template_ids=templates,
        )
    except ValidationError as error:
        faults = [f"wechat_{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError("settings:\n  " + "\n  ".join(faults)) from None


def put_account(db: Database, settings: Settings) -> bool:
    """Put the account; False when the settings name none."""
    if not settings.wechat_app_id:
        return False
    account = account_of(settings)
    with db.transaction() as tx:
        accounts.put(tx, Sealer(settings.data_keys), account, now())
    return True


def main() -> None:
    """Put the account and say so."""
    settings = load(Settings, "marketing")
    done = put_account(Database(settings.database_url, pool_size=1), settings)
    sys.stdout.write(f"wechat account: {settings.wechat_app_id if done else 'none'}\n")


if __name__ == "__main__":
    main()
