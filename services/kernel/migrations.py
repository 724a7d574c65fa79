"""Alembic per service, driven from code: versions live in `services/<name>/migrations/versions`."""

import importlib
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, create_engine

from services.kernel import schema

SERVICES_DIR = Path(__file__).resolve().parent.parent


def script_directory(service: str) -> ScriptDirectory:
    """A service's history of migrations."""
    config = Config()
    config.set_main_option("script_location", str(SERVICES_DIR / service / "migrations"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def upgrade(service: str, url: str) -> list[str]:
    """Run what is missing, up to the newest; the revisions that ran."""
    return _move(service, url, "head", up=True)


def downgrade(service: str, url: str) -> list[str]:
    """Undo everything: for tests of the migrations themselves."""
    return _move(service, url, "base", up=False)


def differences(service: str, url: str) -> list[Any]:
    """What the database lacks, or has too much of, against the service's tables."""
    tables = importlib.import_module(f"services.{service}.tables")
    metadata = MetaData()
    for source in (schema.METADATA, tables.Row.metadata):
        for table in source.tables.values():
            table.to_metadata(metadata)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return list(compare_metadata(context, metadata))


def _move(service: str, url: str, target: str, *, up: bool) -> list[str]:
    script = script_directory(service)
    ran: list[str] = []

    def steps(revision: Any, _context: MigrationContext) -> list[Any]:
        plan = (
            script._upgrade_revs(target, revision)
            if up
            else script._downgrade_revs(target, revision)
        )
        ran.extend(str(step.revision.revision) for step in plan)
        return list(plan)

    engine: Engine = create_engine(url)
    try:
        with engine.begin() as connection:
            environment = EnvironmentContext(Config(), script, fn=steps)
            environment.configure(connection=connection, transactional_ddl=False)
            with Operations.context(environment.get_context()):
                environment.run_migrations()
    finally:
        engine.dispose()
    return ran
