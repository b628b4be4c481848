from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import ThawError
from engine.prediction.walk import PhotoWalk, check_paths


def make_photo(path: Path, colour: str = "red") -> Path:
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
    Image.new("RGB", (40, 40), colour).save(path, "PNG")
    return path


def below(root: Path, walk: PhotoWalk) -> list[str]:
    return [path.relative_to(root).as_posix() for path in walk]


def test_photos_come_in_natural_order_from_every_depth(tmp_path: Path) -> None:
    names = ["IMG_2.jpg", "img_10.JPG", "sub 9/a.png", "sub 10/a.png", "sub 10/deep/b.webp", "zoo.heic"]
    for name in names:
        make_photo(tmp_path / name)
    assert below(tmp_path, PhotoWalk([tmp_path])) == names


def test_what_is_no_photo_is_counted_and_what_looks_like_one_is_found(tmp_path: Path) -> None:
    make_photo(tmp_path / "no_extension")
    make_photo(tmp_path / ".hidden.png")
    make_photo(tmp_path / ".thumbnails" / "a.png")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "empty_folder").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    walk = PhotoWalk([tmp_path])
    assert below(tmp_path, walk) == ["empty.jpg", "no_extension"]
    assert walk.skipped == 4  # .hidden.png, .thumbnails, notes.txt, pipe.jpg


def test_a_folder_whose_photos_came_before_is_not_said_to_have_none(tmp_path: Path) -> None:
    photo, inner = make_photo(tmp_path / "a" / "1.png"), make_photo(tmp_path / "b" / "inner" / "2.png")
    walk = PhotoWalk([photo, tmp_path / "a", inner.parent, tmp_path / "b"])
    assert (list(walk), walk.troubles) == ([photo, inner], [])


def test_links_in_circles_end_and_each_photo_comes_once(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    make_photo(outside / "far.png")
    make_photo(root / "z" / "near.png")
    (root / "a_loop").symlink_to(root)
    (root / "b_to_z").symlink_to(root / "z")
    (root / "c_out").symlink_to(outside)
    (root / "d_out_again").symlink_to(outside)
    (root / "e_self").symlink_to(root / "e_self")
    (root / "f_gone.png").symlink_to(root / "nowhere.png")
    (outside / "back").symlink_to(tmp_path)
    walk = PhotoWalk([root])
    assert below(root, walk) == ["c_out/far.png", "f_gone.png", "z/near.png"]
    assert walk.skipped == 6  # a, b, d, e, and by way of c_out/back: outside and root, which are met already


def test_named_files_always_count_and_folders_keep_the_name_they_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(tmp_path / "photos" / "a.png")
    (tmp_path / "notes.txt").write_text("notes")
    monkeypatch.chdir(tmp_path)
    walk = PhotoWalk([Path("notes.txt"), Path("photos/../photos")])
    assert [str(path) for path in walk] == ["notes.txt", "photos/../photos/a.png"]


def test_a_folder_that_cannot_be_read_is_trouble_and_never_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(tmp_path / "a.png")
    make_photo(tmp_path / "locked" / "b.png")
    lock(monkeypatch, "locked")
    walk = PhotoWalk([tmp_path])
    assert below(tmp_path, walk) == ["a.png"]
    assert "locked” could not be read (Permission denied)" in walk.troubles[0]
    with pytest.raises(ThawError, match=r"could not be read \(Permission denied\)"):
        check_paths([tmp_path / "locked"])


def lock(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make a folder unreadable, also for root, who may read everything."""
    scandir = os.scandir

    def refusing(path: str | Path) -> object:
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)


def test_a_folder_without_photos_is_trouble(tmp_path: Path) -> None:
    walk = PhotoWalk([tmp_path])
    assert (list(walk), walk.troubles) == ([], [f"There is no photo in “{tmp_path}”."])


def test_the_table_itself_is_no_find(tmp_path: Path) -> None:
    make_photo(tmp_path / "a.png")
    (tmp_path / "table.csv").write_text("path")
    walk = PhotoWalk([tmp_path], [tmp_path / "table.csv"])
    assert (below(tmp_path, walk), walk.skipped) == (["a.png"], 0)


def test_names_of_any_bytes_are_walked(tmp_path: Path) -> None:
    make_photo(tmp_path / "ünï犬.png")
    try:
        make_photo(tmp_path / os.fsdecode(b"\xff.png"))
    except OSError:
        pytest.skip("this file system takes no names that are not UTF-8")
    assert len(list(PhotoWalk([tmp_path]))) == 2


@pytest.mark.parametrize("names", [[], ["absent"], ["absent.txt"]])
def test_what_is_not_there_is_an_error_and_never_0_photos(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(ThawError, match=r"There is no photo or folder|Name at least one"):
        check_paths([tmp_path / name for name in names])


def test_a_thousand_nested_folders_are_walked(tmp_path: Path) -> None:
    folders = [tmp_path]
    for _ in range(1200):  # more than Python's stack is deep
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    photo = make_photo(folders[-1] / "a.png")
    try:
        assert list(PhotoWalk([tmp_path])) == [photo]
    finally:
        photo.unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


def test_what_is_named_twice_or_lies_in_what_is_named_comes_once(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/b/2.png", "3.png"):
        make_photo(tmp_path / name)
    everything = ["3.png", "a/1.png", "a/b/2.png"]
    for names, skipped in (
        (["", "a/b"], 1),
        (["a/b", ""], 1),
        (["", "3.png", "a/1.png"], 2),
        (["a/1.png", "3.png", "", "3.png"], 3),
        (["a", "3.png", "a/../a"], 1),
    ):
        walk = PhotoWalk([tmp_path / name for name in names])
        assert sorted(os.path.relpath(path, tmp_path) for path in walk) == everything
        assert (walk.skipped, walk.troubles) == (skipped, [])


def test_a_named_folder_whose_drive_answers_with_an_error_is_waited_for(tmp_path: Path) -> None:
    """As of a stick that is pulled, which Linux calls an input/output error; here a name that is too long."""
    away, there = tmp_path / ("x" * 300), make_photo(tmp_path / "there.png")
    asked: list[Path] = []

    def comes_back(path: Path) -> bool:
        asked.append(path)
        return len(asked) < 3

    assert list(PhotoWalk([away, there], comes_back=comes_back)) == [away, there]
    assert asked == [away] * 3
    with pytest.raises(ThawError, match="whether its drive is connected"):
        check_paths([away])
