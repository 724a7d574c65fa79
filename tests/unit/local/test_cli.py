import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.arguments import parser
from deploy.local.cli import COMMANDS
from deploy.local.home import CHECKOUT


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_subcommand_tells_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([name, "--help"])

    assert ended.value.code == 0
    assert f"./linli {name}" in capsys.readouterr().out


def test_every_documented_subcommand_is_there() -> None:
    told = parser().format_help()

    assert all(f"\n    {name} " in told for name in COMMANDS)


def test_an_argument_that_nobody_knows_is_refused() -> None:
    done = run("status", "--jsno")

    assert done.returncode == 2
    assert "--jsno" in done.stderr


def test_a_program_without_an_installation_says_what_to_do(tmp_path: Path) -> None:
    done = run("status", "--json", home=str(tmp_path / "none"))

    assert done.returncode == 3
    assert '"up": false' in done.stdout


def test_a_python_without_any_package_can_start_it() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(CHECKOUT / "linli"), "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 0, done.stderr


def run(*words: str, home: str = "/nonexistent") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECKOUT / "linli"), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PATH": "/usr/bin:/bin", "LINLI_HOME": home},
    )
