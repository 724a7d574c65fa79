"""Settings, masking, sealing, files, failpoints: the small parts of every process."""

import base64
import json
import logging
import os
from pathlib import Path

import pytest
from pydantic import Field

from services.kernel import call, failpoints, logs
from services.kernel.config import BaseSettings, SettingsError, load
from services.kernel.crypto import BlindIndex, SealBroken, Sealer
from services.kernel.files import FileAltered, FileStore, NoSuchFile

KEY = base64.b64encode(b"k" * 32).decode()


class Some(BaseSettings):
    url: str = Field(description="Where.")
    seconds: int = Field(default=5, ge=1, description="How long.")
    secret: str = Field(default="", description="What nobody sees.")


def test_the_service_s_own_setting_wins_over_the_shared_one() -> None:
    env = {"LINLI_URL": "shared", "LINLI_ORDERS_URL": "own"}
    assert load(Some, "orders", env).url == "own"
    assert load(Some, "catalog", env).url == "shared"


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    env = {"LINLI_URL": "x", "LINLI_SECRET_FILE": str(tmp_path / "secret")}
    assert load(Some, "orders", env).secret == "s3cret"


def test_all_faults_are_told_in_one_message() -> None:
    with pytest.raises(SettingsError) as refusal:
        load(Some, "orders", {"LINLI_SECONDS": "0", "LINLI_SECRET_FILE": "/nowhere"})
    text = str(refusal.value)
    assert "LINLI_ORDERS_URL" in text
    assert "LINLI_ORDERS_SECONDS" in text
    assert "LINLI_ORDERS_SECRET_FILE" in text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("call 13812345678 now", "13812345678"),
        ("id 110101199003078515", "19900307"),
        ("Bearer abcdefghij", "abcdefghij"),
        ("amqp://linli:pa55@h/v", "pa55"),
        ("mysql+pymysql://u:pa55@h/v", "pa55"),
        ("token eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.c2ln", "eyJhIjoxfQ"),
        ('{"password": "open sesame"}', "open"),
    ],
)
def test_a_log_line_never_shows_a_person_or_a_secret_in_full(text: str, hidden: str) -> None:
    assert hidden not in logs.masked(text)


def test_an_order_number_and_an_amount_stay_readable_in_a_log_line() -> None:
    assert logs.masked("#0317 1234567 fen") == "#0317 1234567 fen"


def test_a_log_line_is_json_with_the_call_id() -> None:
    started = call.begin("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    record = logging.makeLogRecord({"msg": "hello %s", "args": ("you",), "levelname": "INFO"})
    line = json.loads(logs.JsonFormatter("orders").format(record))
    assert line["call_id"] == started.call_id
    assert line["text"] == "hello you"


def test_what_is_sealed_opens_only_on_its_own_row() -> None:
    sealer = Sealer(f"k1:{KEY}")
    sealed = sealer.seal(b"110101199003078515", "row1")
    assert b"1990" not in sealed
    assert sealer.open(sealed, "row1") == b"110101199003078515"
    with pytest.raises(SealBroken):
        sealer.open(sealed, "row2")
    with pytest.raises(SealBroken):
        sealer.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "row1")


def test_an_old_key_still_opens_and_a_removed_one_is_named() -> None:
    old = Sealer(f"k1:{KEY}")
    sealed = old.seal(b"x", "row")
    second = base64.b64encode(b"2" * 32).decode()
    assert Sealer(f"k2:{second},k1:{KEY}").open(sealed, "row") == b"x"
    with pytest.raises(SealBroken, match="k1"):
        Sealer(f"k2:{second}").open(sealed, "row")


def test_the_blind_index_is_the_same_for_the_same_number_and_differs_by_key() -> None:
    index = BlindIndex(KEY)
    assert index.of(" 11010119900307851x ") == index.of("11010119900307851X")
    assert index.of("x") != BlindIndex(base64.b64encode(b"y" * 32).decode()).of("x")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(f"file://{tmp_path}/files", Sealer(f"k1:{KEY}"))


def test_a_private_file_is_sealed_on_the_disk_and_read_back(
    store: FileStore, tmp_path: Path
) -> None:
    stored = store.put(b"a photo of a door")
    assert store.read(stored.key) == b"a photo of a door"
    on_disk = (tmp_path / "files" / stored.key).read_bytes()
    assert b"door" not in on_disk


def test_a_claim_moves_the_upload_once_and_a_repeat_gives_the_same_key(store: FileStore) -> None:
    stored = store.put(b"photo")
    owned = store.claim(stored.key, stored.sha256, "delivery")
    assert store.claim(stored.key, stored.sha256, "delivery") == owned
    assert store.read(owned) == b"photo"
    with pytest.raises(NoSuchFile):
        store.read(stored.key)


def test_a_claim_with_another_hash_is_refused(store: FileStore) -> None:
    stored = store.put(b"photo")
    with pytest.raises(FileAltered):
        store.claim(stored.key, "0" * 64, "delivery")


@pytest.mark.parametrize("key", ["../etc/passwd", "/etc/passwd", "a/../b", "", "a//b", "a\\b"])
def test_a_key_can_not_leave_the_store(store: FileStore, key: str) -> None:
    with pytest.raises(NoSuchFile):
        store.read(key)


def test_a_failpoint_acts_at_the_hit_that_was_asked_for_and_only_there() -> None:
    failpoints.arm("here=error@2")
    failpoints.hit("here")
    failpoints.hit("elsewhere")
    with pytest.raises(failpoints.FailpointError):
        failpoints.hit("here")
    failpoints.hit("here")
    failpoints.arm("")


def test_a_failpoint_that_does_not_parse_is_an_error_at_start() -> None:
    with pytest.raises(ValueError, match="explode"):
        failpoints.arm("here=explode")


def test_a_kill_happens_once_for_a_run_folder(tmp_path: Path) -> None:
    failpoints.arm("here=kill", str(tmp_path))
    (tmp_path / "failpoint.here").write_text(str(os.getpid()))
    failpoints.hit("here")  # the mark is there: this process lives on
    failpoints.arm("")
