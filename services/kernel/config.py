"""Settings: typed, from the environment, all faults in one message. The only reader of os.environ.

A field `unpaid_after_s` of the service `orders` is looked for as LINLI_ORDERS_UNPAID_AFTER_S, then
LINLI_UNPAID_AFTER_S; each also with `_FILE` behind it, naming a file that holds the value.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "LINLI"


class SettingsError(SystemExit):
    """Every fault of the settings, one a line; ends the process before it has begun."""


class BaseSettings(BaseModel):
    """Frozen settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceSettings(BaseSettings):
    """What each service needs to run at all."""

    database_url: str = Field(description="SQLAlchemy URL of the service's own database.")
    amqp_url: str = Field(description="AMQP URL with the service's own broker user.")
    actor_public_key: str = Field(description="PEM of the Ed25519 key that signs actor tokens.")
    data_keys: str = Field(
        default="", description="`id:base64,…`; the first key encrypts, all open."
    )
    files_url: str = Field(
        default="file:///tmp/linli-files", description="fsspec URL of the files."
    )
    run_dir: str = Field(
        default="", description="Folder for the process's state file; none if empty."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    health_port: int = Field(default=0, ge=0, le=65535, description="0: any free port.")
    health_host: str = Field(
        default="127.0.0.1", description="Where health and metrics are served."
    )
    max_workers: int = Field(default=20, ge=2, le=200, description="Calls worked on at once.")
    queue_type: str = Field(
        default="classic",
        pattern="^(classic|quorum)$",
        description="Type of event, retry and dead queues; cannot be changed once declared.",
    )
    start_timeout_s: int = Field(
        default=60,
        ge=1,
        le=600,
        description="Wait for broker and database this long, then give up.",
    )
    grace_s: int = Field(
        default=15, ge=1, le=300, description="Running calls may end after SIGTERM."
    )
    retention_days: int = Field(
        default=14,
        ge=1,
        le=3650,
        description="Sent events, inbox and request rows are kept so long.",
    )
    retry_ladder_ms: str = Field(
        default="1000,5000,30000,300000",
        pattern=r"^\d+(,\d+)*$",
        description="Delays before a failing event is tried again; then it goes to the dead queue.",
    )
    failpoints: str = Field(default="", description="Drills only: see kernel/failpoints.py.")
    clock_offset_s: int = Field(default=0, description="Drills only: move this process's clock.")
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="The gateway from outside."
    )


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(
    settings_type: type[SettingsT], service: str, environment: Mapping[str, str] | None = None
) -> SettingsT:
    """The settings of a service from the environment; SettingsError lists every fault."""
    env = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    faults: list[str] = []
    for field in settings_type.model_fields:
        try:
            value = _look_up(env, service, field)
        except OSError as error:
            faults.append(f"{_name(service, field)}_FILE: {error.strerror}")
            continue
        if value is not None:
            values[field] = value
    try:
        settings = settings_type.model_validate(values)
    except ValidationError as error:
        for fault in error.errors():
            field = str(fault["loc"][0]) if fault["loc"] else "?"
            hint = settings_type.model_fields[field].description if fault["loc"] else ""
            faults.append(f"{_name(service, field)}: {fault['msg']} ({hint})")
        raise SettingsError("settings:\n  " + "\n  ".join(faults)) from None
    if faults:
        raise SettingsError("settings:\n  " + "\n  ".join(faults))
    return settings


def _name(service: str, field: str) -> str:
    return f"{PREFIX}_{service.upper()}_{field.upper()}"


def _look_up(env: Mapping[str, str], service: str, field: str) -> str | None:
    for name in (_name(service, field), f"{PREFIX}_{field.upper()}"):
        if env.get(name):
            return env[name]
        if env.get(f"{name}_FILE"):
            return Path(env[f"{name}_FILE"]).read_text().rstrip("\n")
    return None
