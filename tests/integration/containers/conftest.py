"""`./linli test --containers`: the tests of the kernel and of catalog, on containers.

Without LINLI_TEST_CONTAINERS=1 this folder is empty and Docker is not asked for.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHOSEN = tuple(HERE.parent / name for name in ("kernel", "catalog", "containers"))
ASKED_FOR = os.environ.get("LINLI_TEST_CONTAINERS") == "1"
collect_ignore_glob = [] if ASKED_FOR else ["*.py"]
RUNNING = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in the subset, before pytest looks at the marks."""
    if ASKED_FOR:
        for item in items:
            if any(item.path.is_relative_to(folder) for folder in CHOSEN):
                item.add_marker("containers")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start both before the first test, if any is left to run."""
    if ASKED_FOR and session.items and not session.config.option.collectonly:
        # The container that cleans up after a crash needs an image of its own; we clean up.
        os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
        from tests.integration.containers.servers import running_servers

        os.environ.update(RUNNING.enter_context(running_servers()))


def pytest_unconfigure() -> None:
    """Remove them, whatever has happened."""
    RUNNING.close()
