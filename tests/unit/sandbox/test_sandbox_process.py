"""The process itself: started as the launcher starts it, ended by SIGTERM."""

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import requests

from tests.unit.sandbox.rig import eventually


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return bool(requests.get(url, timeout=1).json() == {"status": "ok"})
    except requests.ConnectionError:
        return False


def test_it_makes_its_keys_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "deploy.sandbox", "--dir", str(tmp_path), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"), within_s=20)
        env = json.loads((tmp_path / "env.json").read_text())
    finally:
        process.terminate()
        assert process.wait(10) == 0

    assert env["LINLI_SETTLEMENT_WECHATPAY_BASE_URL"] == f"http://127.0.0.1:{port}"
    for name, value in env.items():
        assert value
        if name.endswith("_FILE"):
            assert stat.S_IMODE(Path(value).stat().st_mode) == 0o600


def test_keys_stay_when_they_are_made_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.sandbox.keys", str(tmp_path), "--port"]
    subprocess.run([*command, "8090"], check=True, capture_output=True)
    first = json.loads((tmp_path / "env.json").read_text())

    subprocess.run([*command, "8099"], check=True, capture_output=True)

    second = json.loads((tmp_path / "env.json").read_text())
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {name for name, value in first.items() if ":8090" in value}
    assert "LINLI_SETTLEMENT_WECHATPAY_BASE_URL" in changed
