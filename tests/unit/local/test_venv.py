from pathlib import Path

import pytest

from deploy.local import filelock, home, venv


def test_the_lock_for_development_holds_everything_of_the_other_at_the_same_version() -> None:
    runtime, dev = (pins(home.CHECKOUT / name) for name in venv.LOCKS.values())

    assert runtime <= dev


def pins(lock: Path) -> set[str]:
    lines = lock.read_text().splitlines()
    return {line.split()[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}


def test_a_lock_is_free_again_when_its_holder_is_done(tmp_path: Path) -> None:
    for _ in range(2):
        with filelock.held(tmp_path), filelock.held(tmp_path / "file.lock"):
            pass


def test_a_private_file_is_never_readable_by_others(tmp_path: Path) -> None:
    home.write_private(tmp_path / "secret", "one")
    home.write_private(tmp_path / "secret", "two")

    assert (tmp_path / "secret").read_text() == "two"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 1


def test_every_pin_of_a_lock_has_a_hash() -> None:
    for name in venv.LOCKS.values():
        text = (home.CHECKOUT / name).read_text()
        assert text.count("==") <= text.count("--hash=sha256:"), name


@pytest.mark.parametrize("kind", sorted(venv.LOCKS))
def test_a_changed_lock_is_noticed(kind: str) -> None:
    assert len(venv.lock_hash(kind)) == 64
