"""Fetch the pages' third-party files again, and prove that the committed ones are those.

`./linli vendor` packs each package of PACKAGES with npm's ordinary client, compares the archive
with the integrity written here, takes the few files the pages use and writes them with their hashes
to gateway/static/vendor/manifest.json. `./linli vendor --check` needs no network: it compares the
files with that manifest. Nothing here runs during an installation.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local import weui

VENDOR = Path(__file__).resolve().parents[2] / "gateway" / "static" / "vendor"
PACK_SECONDS_MAX = 120


@dataclass(frozen=True)
class File:
    """One file taken from a package; `trim` makes the committed text from the published one."""

    source: str
    target: str
    trim: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Package:
    """A package at one exact version, with the integrity that the registry published for it."""

    name: str
    version: str
    licence: str
    integrity: str
    files: tuple[File, ...]


PACKAGES = (
    Package(
        name="weui",
        version="2.6.26",
        licence="MIT",
        integrity="sha512-V2s4HVNNc7vOFxzll9b13dz9IvsCdW+Dxv51ahcS2aBnX6LBhwJySJHBC3YoRspwO/oyltkjGri9TTyJ1FcAZg==",
        files=(
            File("dist/style/weui.min.css", "weui.css", trim=weui.trimmed),
            File("LICENSE.txt", "LICENSE.weui"),
        ),
    ),
    Package(
        name="bootstrap",
        version="5.3.9",
        licence="MIT",
        integrity="sha512-20cU0rcfw8WdxtVbmfU+xT2EjvVTw9Ror/h1Qvd7DXCujRg8OO9mdBCsmTHdJFf3BuadmBNJtgIuUXsBqSkk/w==",
        files=(
            File("dist/css/bootstrap.min.css", "bootstrap.css", trim=weui.without_source_map),
            File("LICENSE", "LICENSE.bootstrap"),
        ),
    ),
    Package(
        name="htmx.org",
        version="2.0.11",
        licence="0BSD",
        integrity="sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        files=(
            File("dist/htmx.min.js", "htmx.js"),
            File("LICENSE", "LICENSE.htmx"),
        ),
    ),
)


class VendorFault(Exception):
    """A package or a committed file is not the one that is written down."""


def digest(data: bytes, kind: str) -> str:
    """The hash as registries and browsers write it: `sha512-<base64>`."""
    return f"{kind}-{base64.b64encode(hashlib.new(kind, data).digest()).decode()}"


def pack(package: Package, folder: Path) -> bytes:
    """The package's archive, refused unless its integrity is the one written in PACKAGES."""
    result = subprocess.run(
        ["npm", "pack", f"{package.name}@{package.version}", "--silent"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PACK_SECONDS_MAX,
        check=True,
    )
    archive = (folder / result.stdout.strip().splitlines()[-1]).read_bytes()
    if digest(archive, "sha512") != package.integrity:
        raise VendorFault(f"{package.name} {package.version}: the archive's integrity differs")
    return archive


def extracted(archive: bytes, file: File) -> bytes:
    """One file's bytes as they are committed."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        member = tar.extractfile(f"package/{file.source}")
        if member is None:
            raise VendorFault(f"{file.source} is not a file of the package")
        data = member.read()
    return file.trim(data.decode()).encode() if file.trim else data


def manifest_entry(package: Package, contents: dict[str, bytes]) -> dict[str, object]:
    """What the manifest says about one package and the files taken from it."""
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "integrity": package.integrity,
        "files": [
            {
                "path": file.target,
                "source": file.source,
                "trimmed": file.trim is not None,
                "sha256": hashlib.sha256(contents[file.target]).hexdigest(),
                "sri": digest(contents[file.target], "sha384"),
            }
            for file in package.files
        ],
    }


def fetch(folder: Path = VENDOR) -> list[str]:
    """Write every vendored file and the manifest anew; returns a line for each file."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            archive = pack(package, Path(scratch))
            contents = {file.target: extracted(archive, file) for file in package.files}
            for name, data in contents.items():
                (folder / name).write_bytes(data)
            entries.append(manifest_entry(package, contents))
    text = json.dumps({"packages": entries}, indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return [f"{entry['name']} {entry['version']}" for entry in entries]


def faults(folder: Path = VENDOR) -> list[str]:
    """What differs between the manifest, PACKAGES and the files on disk; empty when all agree."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    known = {(package.name, package.version, package.integrity) for package in PACKAGES}
    found = {
        (entry["name"], entry["version"], entry["integrity"]) for entry in manifest["packages"]
    }
    lines = [f"{name} {version} is in one list only" for name, version, _ in known ^ found]
    for entry in manifest["packages"]:
        for file in entry["files"]:
            data = (folder / file["path"]).read_bytes()
            if hashlib.sha256(data).hexdigest() != file["sha256"]:
                lines.append(f"{file['path']} was changed by hand")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """`./linli vendor [--check]`; 0 when the files are those written down."""
    parser = argparse.ArgumentParser(prog="linli vendor", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, without the network")
    options = parser.parse_args(arguments)
    if not options.check:
        for line in fetch():
            print(line)
    lines = faults()
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
