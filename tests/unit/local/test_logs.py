import json
from pathlib import Path

import pytest

from deploy.local import logs, rotation
from deploy.local.home import Home
from deploy.local.problem import Problem


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    lines = [{"service": name, "n": n} for n in range(3) for name in ("orders", "catalog")]
    text = "starting\n" + "".join(json.dumps(line) + "\n" for line in lines)
    (home.logs / "services.log").write_text(text)
    return home


def test_a_services_lines_are_picked_from_the_common_log(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.show(home, ["orders"], follow=False, count=2)

    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert shown == [{"service": "orders", "n": 1}, {"service": "orders", "n": 2}]


def test_an_unknown_name_is_answered_with_those_there_are(home: Home) -> None:
    with pytest.raises(Problem, match="services"):
        logs.show(home, ["nobody"], follow=False)


def test_following_gives_whole_lines_only_and_begins_anew_after_a_cut(home: Home) -> None:
    path = home.logs / "gateway.log"
    path.write_text("old\n")
    watcher = logs.new_lines(path, bool)
    assert next(watcher) == []

    with path.open("a") as file:
        file.write("one\ntw")
    assert next(watcher) == ["one"]
    with path.open("a") as file:
        file.write("o\n")
    assert next(watcher) == ["two"]
    path.write_text("new\n")
    assert next(watcher) == ["new"]


def test_rotation_moves_the_text_and_leaves_the_writers_file_in_place(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("a") as writer:
        for number in range(4):
            writer.write(f"{number}\n")
            writer.flush()
            rotation.rotate(log)
        writer.write("last\n")

    assert log.read_text() == "last\n"
    assert (tmp_path / "part.log.1").read_text() == "3\n"
    assert (tmp_path / "part.log.2").read_text() == "2\n"
    assert not (tmp_path / "part.log.3").exists()


def test_small_logs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "part.log").write_text("short\n")

    rotation.rotate_all(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["part.log"]
