"""The vendored files are those that are written down, and trimming is a function of its input."""

import shutil
from pathlib import Path

import pytest

from deploy.local import vendor, weui

CSS = """/*! notice */
body{--weui-BG-0:#fff;--weui-GONE:red;--weui-USED:var(--weui-BASE);--weui-BASE:#000}
.weui-btn,.weui-gallery{color:var(--weui-USED);background:url("data:image/svg+xml;a,{}")}
.wx-root .weui-btn{color:red}
@media (prefers-color-scheme:dark){.weui-gallery{color:red}}
@media (prefers-color-scheme:dark){.weui-cell{color:blue}}
@keyframes weuiLoading{to{opacity:1}}
"""


def test_the_committed_files_are_those_of_the_manifest() -> None:
    assert vendor.faults() == []


def test_a_file_changed_by_hand_is_called_out(tmp_path: Path) -> None:
    copy = shutil.copytree(vendor.VENDOR, tmp_path / "vendor")
    (copy / "htmx.js").write_text("alert(1)")
    assert vendor.faults(copy) == ["htmx.js was changed by hand"]


def test_each_vendored_package_brings_its_licence() -> None:
    for package in vendor.PACKAGES:
        assert any(file.target.startswith("LICENSE.") for file in package.files)


def test_trimming_keeps_used_widgets_and_the_colours_they_are_made_of() -> None:
    small = weui.trimmed(CSS)
    assert small == (
        "/*! notice */\n"
        "body{--weui-BG-0:#fff;--weui-USED:var(--weui-BASE);--weui-BASE:#000}"
        '.weui-btn{color:var(--weui-USED);background:url("data:image/svg+xml;a,{}")}'
        "@media (prefers-color-scheme:dark){.weui-cell{color:blue}}\n"
    )
    assert weui.trimmed(CSS) == small


def test_an_archive_that_differs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho something else > weui.tgz\necho weui.tgz\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(vendor.VendorFault, match="integrity"):
        vendor.pack(vendor.PACKAGES[0], tmp_path)
