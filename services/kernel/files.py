"""Files through fsspec: a folder by default, S3 by a setting. Never through the broker.

The gateway stores the bytes under a one-time key; the command carries key and hash; the owner
claims it under a key of its own. Private bytes are sealed before they touch the store.
"""

import hashlib
from dataclasses import dataclass

import fsspec
from fsspec.core import url_to_fs

from services.kernel.crypto import Sealer
from services.kernel.errors import Malformed, NotFound
from services.kernel.ids import new_id

SIZE_MAX = 8 * 1024 * 1024
PUBLIC = "public"


class NoSuchFile(NotFound):
    """The file is not there: never uploaded, or its time is over."""

    code = "files.no_such_file"


class FileAltered(Malformed):
    """The file is not the one that the command speaks of."""

    code = "files.altered"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Where the bytes lie, and their SHA-256."""

    key: str
    sha256: str
    size: int


class FileStore:
    """Bytes under keys like `upload/01J…`; all but `public/…` are sealed at rest."""

    def __init__(self, url: str, sealer: Sealer | None) -> None:
        self._fs: fsspec.AbstractFileSystem
        self._fs, self._root = url_to_fs(url)
        self._sealer = sealer

    def put(self, data: bytes, kind: str = "upload", name: str = "") -> StoredFile:
        """Store bytes under a fresh key of this kind; Malformed when there are too many."""
        if len(data) > SIZE_MAX:
            raise Malformed(f"a file may have at most {SIZE_MAX} bytes", code="files.too_large")
        key = f"{kind}/{name or new_id()}"
        self._write(key, data)
        return StoredFile(key, hashlib.sha256(data).hexdigest(), len(data))

    def claim(self, key: str, sha256: str, prefix: str) -> str:
        """Take an upload over under `prefix`; the same upload claimed again gives the same key."""
        owned = f"{prefix}/{sha256[:2]}/{key.rsplit('/', 1)[-1]}"
        if not self._fs.exists(self._path(key)) and self._fs.exists(self._path(owned)):
            return owned
        data = self.read(key)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise FileAltered("the file's hash is not the one in the command")
        self._write(owned, data)
        self._fs.rm(self._path(key))
        return owned

    def read(self, key: str) -> bytes:
        """The plain bytes; NoSuchFile when there are none."""
        try:
            data: bytes = self._fs.cat_file(self._path(key))
        except FileNotFoundError as error:
            raise NoSuchFile(f"no file under {key}") from error
        if key.startswith(f"{PUBLIC}/"):
            return data
        return self._need_sealer().open(data, key)

    def _write(self, key: str, data: bytes) -> None:
        if not key.startswith(f"{PUBLIC}/"):
            data = self._need_sealer().seal(data, key)
        path = self._path(key)
        self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        self._fs.pipe_file(path, data)

    def _need_sealer(self) -> Sealer:
        if self._sealer is None:
            raise ValueError("private files need a data key (LINLI_DATA_KEYS)")
        return self._sealer

    def _path(self, key: str) -> str:
        parts = key.split("/")
        if not key or any(part in {"", ".", ".."} for part in parts) or "\\" in key:
            raise NoSuchFile("not a key")
        return f"{self._root}/{key}"
