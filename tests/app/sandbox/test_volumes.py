import pytest

from app.host import limits
from app.host.sandbox import volumes
from app.host.sandbox.errors import BadRun
from app.host.sandbox.run_settings import RunGroup, RunSettings

SECRET = "ANTHROPIC_API_KEY=made-up\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "project/.env").write_text(SECRET)
    return tmp_path / "project"


def settings(project, **changes) -> RunSettings:
    return RunSettings(project, project.parent / "home", **changes)


def places(mounts) -> list[str]:
    return [mount.container_path for mount in mounts]


def test_by_default_main_sees_neither_the_project_nor_its_credentials(project) -> None:
    mounts = volumes.prepare(settings(project), RunGroup("Main", "main"), True)
    assert places(mounts) == ["/workspace/group", volumes.AGENT_HOME, "/workspace/ipc"]
    assert not (project / "data/env").exists()


def test_nanoclaws_settings_share_the_project_and_the_credentials(project) -> None:
    chosen = RunSettings.of_nanoclaw(project, project.parent / "home", {"CONTAINER_BACKEND": "docker"})
    mounts = volumes.prepare(chosen, RunGroup("Main", "main"), True)
    assert places(mounts) == [
        "/workspace/project",
        "/workspace/group",
        volumes.AGENT_HOME,
        "/workspace/ipc",
        "/workspace/env-dir",
    ]
    assert (project / "data/env/env").read_text() == SECRET


def test_a_link_that_a_container_put_in_the_place_of_its_skills_is_refused(project) -> None:
    (project / "container/skills/one").mkdir(parents=True)
    (project / "container/skills/one/SKILL.md").write_text("x")
    outside = project.parent / "outside"
    outside.mkdir()
    volumes.prepare(settings(project), RunGroup("G", "g"), False)
    skills = project / "data/sessions/g/.claude/skills"
    skills.rename(project / "moved")
    skills.symlink_to(outside)
    with pytest.raises(BadRun):
        volumes.prepare(settings(project), RunGroup("G", "g"), False)
    assert list(outside.iterdir()) == []


def test_skills_are_copied_with_their_folders_but_without_links(project) -> None:
    skill = project / "container/skills/one"
    (skill / "sub").mkdir(parents=True)
    (skill / "sub/x.md").write_text("x")
    (skill / "leak").symlink_to(project / ".env")
    volumes.prepare(settings(project), RunGroup("G", "g"), False)
    copied = project / "data/sessions/g/.claude/skills/one"
    assert (copied / "sub/x.md").read_text() == "x"
    assert not (copied / "leak").exists()


def test_skills_beyond_the_bounds_are_left_out(project, monkeypatch) -> None:
    monkeypatch.setattr(limits, "SKILL_FILES", 3)
    monkeypatch.setattr(limits, "SKILL_BYTES", 100)
    (project / "container/skills/one").mkdir(parents=True)
    for name, size in (("a", 10), ("b", 95), ("c", 10), ("d", 10), ("e", 10)):
        (project / "container/skills/one" / name).write_text("x" * size)
    volumes.prepare(settings(project), RunGroup("G", "g"), False)
    copied = project / "data/sessions/g/.claude/skills/one"
    assert sorted(path.name for path in copied.iterdir()) == ["a", "c", "d"]


def test_settings_that_the_agent_changed_stay(project) -> None:
    volumes.prepare(settings(project), RunGroup("G", "g"), False)
    file = project / "data/sessions/g/.claude/settings.json"
    assert "CLAUDE_CODE" in file.read_text()
    file.write_text("{}")
    volumes.prepare(settings(project), RunGroup("G", "g"), False)
    assert file.read_text() == "{}"


def test_a_large_env_file_is_read_to_its_bound_only(project, monkeypatch) -> None:
    monkeypatch.setattr(limits, "ENV_FILE_BYTES", 10)
    (project / ".env").write_text("FOO=12345\n" + SECRET)
    mounts = volumes.prepare(settings(project, share_env_file=True), RunGroup("G", "g"), False)
    assert "/workspace/env-dir" not in places(mounts)


@pytest.mark.parametrize("folder", ["", ".", "..", "a/b", "a:b", "a,b", "a\0b"])
def test_a_folder_that_could_lead_elsewhere_is_refused(folder) -> None:
    with pytest.raises(BadRun):
        RunGroup("G", folder)


def test_numbers_of_the_environment_are_read_as_javascript_does(project) -> None:
    environ = {"CONTAINER_TIMEOUT": " 60000ms", "IDLE_TIMEOUT": "soon", "CONTAINER_MAX_OUTPUT_SIZE": ""}
    chosen = RunSettings.of_nanoclaw(project, project, environ)
    assert (chosen.timeout_ms, chosen.idle_timeout_ms) == (60_000, 1_800_000)
    assert chosen.output_units == limits.CONTAINER_OUTPUT
    assert chosen.engine == "apple"
