"""Rules that a person would forget: each is read off the source itself."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.contracts import permissions
from services.contracts.broker_users import users
from services.contracts.subscriptions import CALLS, SERVICES, SUBSCRIBERS, WIRING
from services.kernel.config import ServiceSettings
from services.kernel.wire import Event
from tests.architecture.sources import PRODUCTION, ROOT, attribute_uses, trees

LINES_MAX = 300
LONG_BY_NATURE = {"contracts", "shops.py"}  # catalogues: looked up in, not read through


@pytest.mark.parametrize("dotted", ["datetime.now", "datetime.utcnow", "datetime.today"])
def test_only_the_clock_asks_what_time_it_is(dotted: str) -> None:
    allowed = {Path("services/kernel/clock.py"), Path("deploy/sandbox/clock.py")}
    found = {path for path, _ in attribute_uses(dotted)} - allowed
    assert {path for path in found if path.parts[1] != "local"} == set()


def test_only_the_config_reads_the_environment() -> None:
    allowed = {Path("services/kernel/config.py"), Path("services/__main__.py")}
    found = {path for path, _ in attribute_uses("os.environ")} - allowed
    assert {path for path in found if path.parts[0] != "deploy"} == set()


def test_no_module_is_called_after_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"}
    assert {path for path in trees() if path.stem in nothing} == set()


def test_files_can_be_read_in_one_sitting() -> None:
    long = {
        str(path): lines
        for path in trees()
        if not LONG_BY_NATURE & set(path.parts)
        and (lines := len((ROOT / path).read_text().splitlines())) > LINES_MAX
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(p) for p, tree in trees().items() if tree.body and not ast.get_docstring(tree)]
    assert [p for p in silent if "/migrations/" not in p] == []


def test_for_update_stands_only_in_locks() -> None:
    users_of_locks = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "with_for_update"
    }
    assert {path for path in users_of_locks if path.name != "locks.py"} == set()


def test_nothing_waits_for_a_service_without_a_deadline() -> None:
    """Rule 4: each call of `services.<name>.<method>(…)` has its deadline written at the call."""
    bare = []
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_service_call(node):
                names = {keyword.arg for keyword in node.keywords}
                if not {"deadline_ms", "answer"} <= names:
                    bare.append(f"{path}:{node.lineno}")
    assert bare == []


def _is_service_call(node: ast.Call) -> bool:
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Attribute)
        and function.value.attr in SERVICES
        and "services" in ast.unparse(function.value.value)
    )


def test_services_call_only_whom_the_picture_lets_them_call() -> None:
    found: dict[str, set[str]] = {service: set() for service in SERVICES}
    for path, tree in trees().items():
        if path.parts[0] != "services" or path.parts[1] not in SERVICES:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_service_call(node):
                assert isinstance(node.func, ast.Attribute)
                assert isinstance(node.func.value, ast.Attribute)
                found[path.parts[1]].add(node.func.value.attr)
    beyond = {service: called - set(CALLS[service]) for service, called in found.items()}
    assert {service: called for service, called in beyond.items() if called} == {}


def test_no_calls_go_round_in_a_circle() -> None:
    """A full worker pool that waits for itself never ends."""

    def reaches(service: str, seen: frozenset[str]) -> bool:
        return any(callee in seen or reaches(callee, seen | {callee}) for callee in CALLS[service])

    assert [service for service in SERVICES if reaches(service, frozenset({service}))] == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_handles_exactly_what_it_has_subscribed_to(service: str) -> None:
    handled = set(_decorator_arguments(service, "subscribe"))
    wanted = {Event.registry[name].__name__ for name, to in SUBSCRIBERS.items() if service in to}
    assert handled == wanted


def _decorator_arguments(service: str, decorator: str) -> list[str]:
    tree = trees()[Path(f"services/{service}/service.py")]
    return [
        ast.unparse(call.args[0]).rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == decorator
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_of_a_service_tells_the_truth(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    sections = {
        title.strip().lower(): body
        for title, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    }
    assert {"owns", "promises", "listens to", "emits", "settings"} <= set(sections)
    heard = {name for name, to in SUBSCRIBERS.items() if service in to}
    told = {name for name, source in WIRING.sources.items() if source == service}
    assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", sections["listens to"])) == heard
    assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", sections["emits"])) == told
    module = importlib.import_module(f"services.{service}.settings")
    own = set(module.Settings.model_fields) - set(ServiceSettings.model_fields)
    missing = {field for field in own if f"`{field}`" not in sections["settings"]}
    assert missing == set()


def test_every_setting_has_a_description() -> None:
    modules = [f"services.{service}.settings" for service in SERVICES] + ["gateway.settings"]
    bare = [
        f"{module}.{name}"
        for module in modules
        for name, field in importlib.import_module(module).Settings.model_fields.items()
        if not field.description
    ]
    assert bare == []


def test_every_permission_is_given_to_somebody_and_every_role_has_some() -> None:
    given = set().union(*permissions.ROLE_PERMISSIONS.values())
    assert given == set(permissions.Permission)
    assert set(permissions.ROLE_PERMISSIONS) == set(permissions.Role)


def test_a_broker_user_can_send_requests_only_to_services_it_may_call() -> None:
    for row in users():
        client = row["user"].removeprefix("linli_")
        pattern = re.compile(row["topics"][0]["write"])
        allowed = {service for service in SERVICES if pattern.match(f"{service}.any_method")}
        assert allowed == set(CALLS[client])
        for service in SERVICES:
            mine = service == client
            assert bool(re.match(row["configure"], f"rpc-{service}")) == mine
            assert bool(re.match(row["read"], f"evt-{service}.dead")) == mine
            assert bool(re.match(row["write"], f"{service}.events")) == mine


def test_import_rules_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


def test_the_project_speaks_of_itself_only() -> None:
    forbidden = re.compile(r"\.\./shared|/work/|pypi\.org|files\.pythonhosted|registry\.npmjs")
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout.split("\n")
    own = Path(__file__).relative_to(ROOT)
    guilty = [
        name
        for name in tracked
        if name
        and Path(name) != own
        and "static/vendor" not in name
        and Path(name).suffix
        in {".py", ".md", ".toml", ".yml", ".html", ".js", ".css", ".lock", ""}
        and (ROOT / name).is_file()
        and forbidden.search((ROOT / name).read_text(errors="replace"))
    ]
    assert guilty == []
    assert PRODUCTION
