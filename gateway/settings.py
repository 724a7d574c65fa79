"""What the gateway needs to be told, each as LINLI_GATEWAY_<FIELD> or LINLI_<FIELD>."""

from pydantic import Field

from services.kernel.config import BaseSettings


class Settings(BaseSettings):
    """Limits are per gateway process: with N processes an address gets up to N times as much."""

    amqp_url: str = Field(description="AMQP URL with the gateway's own broker user.")
    secret_key: str = Field(
        min_length=32,
        description="Signs CSRF tokens, OAuth states and links; the same in all copies.",
    )
    data_keys: str = Field(
        default="", description="`id:base64,…`; the first key encrypts, all open."
    )
    files_url: str = Field(
        default="file:///tmp/linli-files", description="fsspec URL of the files."
    )
    public_url: str = Field(
        default="http://127.0.0.1:8080",
        pattern=r"^https?://[^/]+$",
        description="The gateway from outside, without a path.",
    )
    property_name: str = Field(default="物业", max_length=60, description="Shown on each page.")
    property_phone: str = Field(
        default="", max_length=20, description="The way out on each page; none if empty."
    )
    dead_amqp_url: str = Field(
        default="",
        description="AMQP URL of a broker user for the dead queues; shuts their page if empty.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    clock_offset_s: int = Field(default=0, description="Drills only: move this process's clock.")
    trusted_proxies: int = Field(
        default=0, ge=0, le=5, description="Reverse proxies whose X-Forwarded-For is believed."
    )
    metrics_from: str = Field(
        default="127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16",
        description="Networks that may read /metrics.",
    )
    wechat_script_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="A script that defines WeixinJSBridge where WeChat does not: the sandbox.",
    )
    session_days: int = Field(default=30, ge=1, le=365, description="Lifetime of the cookie.")
    actor_cache_s: int = Field(
        default=45, ge=0, le=45, description="An actor token is reused so long; it lives a minute."
    )
    wechat_account_cache_s: int = Field(
        default=300, ge=1, le=86400, description="Age at which a WeChat account is read again."
    )
    session_rate_per_s: int = Field(default=100, ge=1, description="Requests a signed-in session.")
    session_burst: int = Field(default=300, ge=1, description="Requests at once in a session.")
    address_rate_per_s: int = Field(default=200, ge=1, description="Requests an address.")
    address_burst: int = Field(
        default=600, ge=1, description="Requests at once; a whole estate may share an address."
    )
    sign_in_rate_per_min: int = Field(
        default=10,
        ge=1,
        description="Password attempts for a user name, and ten times for an address.",
    )
    inbound_rate_per_s: int = Field(
        default=1000, ge=1, description="WeChat's messages and pay notices an address."
    )
