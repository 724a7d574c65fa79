from pathlib import Path

import pytest

from deploy.local import packages


def test_the_plan_refreshes_the_list_and_takes_nothing_that_is_only_recommended() -> None:
    update, install = packages.commands(("mariadb-server-core", "rabbitmq-server"))

    assert update[0] == "apt-get"
    assert update[-1] == "update"
    assert "--no-install-recommends" in install
    assert install[-2:] == ["mariadb-server-core", "rabbitmq-server"]


def test_services_are_held_while_packages_are_installed_and_then_no_more(tmp_path: Path) -> None:
    policy, saved = tmp_path / "policy-rc.d", tmp_path / "saved"

    with packages.services_held(policy, saved):
        assert policy.read_text() == packages.HOLD
        assert policy.stat().st_mode & 0o111

    assert not policy.exists()


def test_the_policy_of_the_machine_comes_back_even_after_a_failure(tmp_path: Path) -> None:
    policy, saved = tmp_path / "policy-rc.d", tmp_path / "saved"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o711)

    with pytest.raises(RuntimeError), packages.services_held(policy, saved):
        raise RuntimeError

    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o711
    assert not saved.exists()


def test_the_policy_of_the_machine_survives_a_crash_in_between(tmp_path: Path) -> None:
    policy, saved = tmp_path / "policy-rc.d", tmp_path / "saved"
    saved.write_text("theirs")
    policy.write_text(packages.HOLD)

    with packages.services_held(policy, saved):
        pass

    assert policy.read_text() == "theirs"
