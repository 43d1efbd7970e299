"""What Discern wrote is told apart from what others wrote, and a folder is replaced as a whole or not at all."""

import hashlib
import os
from pathlib import Path

import pytest

from contracts.own_files import NotOwnFileError, file_hashes, file_sha256, replace_folder, require_only, require_own

MINE = b"years of work"


def test_a_failed_replacement_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_bytes(MINE)

    def fail(folder: Path) -> None:
        (folder / "b").write_text("new")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        replace_folder(out, fail)
    assert {path.name for path in tmp_path.rglob("*")} == {"out", "a"}


def test_an_added_and_a_changed_file_are_found_and_what_a_desktop_leaves_is_not(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    own = file_hashes(tmp_path)
    (tmp_path / ".DS_Store").touch()
    require_only(tmp_path, own)
    for name in ("a", "b"):
        (tmp_path / name).write_text("2")
        with pytest.raises(NotOwnFileError, match=rf"holds {name}.*, which Discern did not write or which was changed"):
            require_only(tmp_path, own)
        (tmp_path / name).write_text("1") if name == "a" else (tmp_path / name).unlink()


def test_what_has_another_content_is_told_with_the_number_of_others(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    own = file_hashes(tmp_path)
    assert own["b"] == file_sha256(tmp_path / "b") == hashlib.sha256(b"b").hexdigest()
    (tmp_path / "b").write_text("x")
    require_only(tmp_path, own, frozenset({"b"}))
    remedy = "which Discern did not write or which was changed since; name another folder, or move that away"
    for more, told in (("", "b"), ("d", "b and 1 more"), ("e", "b and 2 more")):
        if more:
            (tmp_path / more).touch()
        with pytest.raises(NotOwnFileError) as found:
            require_only(tmp_path, own)
        assert str(found.value) == f"{tmp_path} holds {told}, {remedy}"


def test_files_of_folders_are_named_from_the_outer_one_and_those_of_desktops_left_out(tmp_path: Path) -> None:
    for name in ("in/b", "a", "__MACOSX/c", "in/._d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(file_hashes(tmp_path)) == ["a", "in/b"]


def test_a_file_is_ours_where_its_mark_is_near_its_beginning(tmp_path: Path) -> None:
    ours, theirs, far, folder, link = (tmp_path / name for name in ("ours", "theirs", "far", "folder", "link"))
    ours.write_bytes(b"x" * 4092 + b"mark")
    far.write_bytes(b"x" * 4093 + b"mark")
    theirs.write_bytes(MINE)
    folder.mkdir()
    os.symlink(tmp_path / "nowhere", link)
    require_own({tmp_path / "absent": b"mark", ours: b"mark"})
    for path in (theirs, far, folder, link):
        with pytest.raises(NotOwnFileError) as found:
            require_own({ours: b"mark", path: b"mark"})
        assert str(found.value) == f"{path} exists, and Discern did not write it; name another place, or move it away"


def test_a_folder_is_replaced_whole_and_made_where_there_is_none(tmp_path: Path) -> None:
    out = tmp_path / "very" / "deep" / "out"
    for text in ("first", "second"):
        replace_folder(out, lambda fresh, text=text: (fresh / text).touch())
        assert [path.name for path in out.iterdir()] == [text]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_where_the_new_folder_cannot_be_put_in_place_the_old_one_comes_back(tmp_path, monkeypatch) -> None:
    out, rename, beside = tmp_path / "out", os.rename, []

    def write(fresh: Path) -> None:
        beside.append(fresh)
        (fresh / "new").touch()

    def fails_for_the_new(source: Path, target: Path) -> None:
        if beside and Path(source) == beside[-1]:
            raise OSError("no room")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails_for_the_new)
    with pytest.raises(OSError, match="no room"):
        replace_folder(out, write)
    assert not out.exists()
    out.mkdir()
    (out / "old").touch()
    with pytest.raises(OSError, match="no room"):
        replace_folder(out, write)
    assert [path.name for path in out.iterdir()] == ["old"]
    assert [path.parent.parent for path in beside] == [tmp_path, tmp_path], "on the same disk"
    assert all(path.parent.name.startswith(".out-") for path in beside)
