import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import FIRST, LAST, LOOPBACK, Ports, is_free
from deploy.local.problem import Problem


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_is_kept_from_one_start_to_the_next(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json").claim("broker")

    assert FIRST <= first < LAST
    assert Ports(tmp_path / "ports.json").claim("broker") == first


def test_a_kept_port_that_somebody_else_took_is_chosen_anew(
    tmp_path: Path, taken_port: int
) -> None:
    (tmp_path / "ports.json").write_text(json.dumps({"broker": taken_port}))

    assert Ports(tmp_path / "ports.json").claim("broker") != taken_port


def test_the_usual_port_is_left_to_whoever_has_it(tmp_path: Path, taken_port: int) -> None:
    assert Ports(tmp_path / "ports.json").claim("gateway", taken_port) != taken_port


def test_no_port_is_given_to_two_parts(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    first = ports.claim("broker")

    assert ports.claim("database", first) != first


def test_a_port_asked_for_by_a_person_is_taken_or_refused(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(Problem, match=str(taken_port)):
        Ports(tmp_path / "ports.json").insist("gateway", taken_port)


def test_a_listened_port_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)
