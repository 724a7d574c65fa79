"""The gateway's README says what is so."""

import re
from pathlib import Path

from gateway.backends import every_rpc
from gateway.errors import STATUS_BY_KIND
from gateway.settings import Settings

README = (Path(__file__).resolve().parents[2] / "gateway" / "README.md").read_text()


def test_every_setting_is_explained_as_the_code_explains_it() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", README.split("## Settings")[1], re.M))
    assert rows == {name: info.description for name, info in Settings.model_fields.items()}


def test_every_status_of_the_table_is_told() -> None:
    table = README.split("## The API")[1].split("## ")[0]
    assert {str(status) for status in STATUS_BY_KIND.values()} <= set(re.findall(r"\d{3}", table))


def test_every_file_it_names_is_there() -> None:
    folder = Path(__file__).resolve().parents[2] / "gateway"
    named = re.findall(r"`((?:\w+/)*\w+\.(?:py|md)|\w+/)`", README)
    assert named
    assert [name for name in named if not (folder / name).exists()] == []


def test_no_call_is_listed_twice() -> None:
    names = [(rpc.service, rpc.method) for rpc in every_rpc()]
    assert len(names) == len(set(names))
