from pathlib import Path

import pytest

from deploy.local.home import Home
from deploy.local.problem import Problem


def test_the_state_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()

    folders = [home.root, *(path for path in home.root.rglob("*") if path.is_dir())]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_a_path_with_spaces_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "two words")

    with pytest.raises(Problem, match="spaces"):
        home.prepare()

    assert not home.root.exists()
