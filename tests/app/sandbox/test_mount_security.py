import json
import os

import pytest

from app.host import limits
from app.host.sandbox.errors import BadMount
from app.host.sandbox.mount_security import Mount, MountSecurity, load_allowlist


@pytest.fixture
def place(tmp_path):
    for name in ("home/projects/app", "home/projects/..data", "home/projects/a:b", "home/secret", "cwd"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def security(place, **changes) -> MountSecurity:
    allowlist = {
        "allowedRoots": [{"path": "~/projects", "allowReadWrite": True}],
        "blockedPatterns": [],
        "nonMainReadOnly": True,
    }
    (place / "allowlist.json").write_text(json.dumps(allowlist | changes))
    return MountSecurity(place / "allowlist.json", place / "home", place / "cwd")


def test_what_is_mounted_is_the_real_path(place) -> None:
    (place / "home/projects/link").symlink_to("app")
    mounts = security(place).allowed([{"hostPath": "~/projects/link"}], True)
    assert mounts == [Mount(str(place / "home/projects/app"), "/workspace/extra/link", True)]


def test_a_link_that_is_turned_outside_afterwards_is_refused(place) -> None:
    guard = security(place)
    link = place / "home/projects/link"
    link.symlink_to("app")
    assert guard.check({"hostPath": str(link)}, True).allowed
    os.unlink(link)
    link.symlink_to(place / "home/secret")
    assert not guard.check({"hostPath": str(link)}, True).allowed


def test_an_entry_that_is_called_like_the_parent_is_inside(place) -> None:
    assert security(place).check({"hostPath": "~/projects/..data", "containerPath": "data"}, True).allowed


def test_separators_of_the_mount_argument_are_refused_on_both_sides(place) -> None:
    guard = security(place)
    assert "':'" in guard.check({"hostPath": "~/projects/app", "containerPath": "x:rw"}, True).reason
    assert "':'" in guard.check({"hostPath": "~/projects/a:b", "containerPath": "x"}, True).reason


@pytest.mark.parametrize("mount", [None, [], "x", {}, {"hostPath": 5}, {"hostPath": "/x", "containerPath": 5}])
def test_a_request_of_another_shape_is_an_error(place, mount) -> None:
    with pytest.raises(BadMount):
        security(place).check(mount, True)


@pytest.mark.parametrize("roots", [["~/projects"], [{}], [{"path": 5}]])
def test_a_root_of_another_shape_is_an_error(place, roots) -> None:
    with pytest.raises(BadMount):
        security(place, allowedRoots=roots).check({"hostPath": "~/projects/app"}, True)


def test_a_file_beyond_the_bound_allows_nothing(place, monkeypatch) -> None:
    guard = security(place)
    assert guard.allowlist is not None
    monkeypatch.setattr(limits, "ALLOWLIST_BYTES", (place / "allowlist.json").stat().st_size - 1)
    assert load_allowlist(place / "allowlist.json") is None


def test_further_mounts_than_the_bound_are_not_looked_at(place) -> None:
    mounts = [{"hostPath": "~/projects/app", "containerPath": str(at)} for at in range(limits.ADDITIONAL_MOUNTS + 5)]
    assert len(security(place).allowed(mounts, True)) == limits.ADDITIONAL_MOUNTS


def test_a_folder_in_the_place_of_the_allowlist_allows_nothing(place) -> None:
    assert load_allowlist(place / "home") is None
