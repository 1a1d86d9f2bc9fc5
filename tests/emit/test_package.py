"""What lands on disk: always the same bytes, readable and checked code, and never somebody else's files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glmc.diagnostics import GlmError
from glmc.emit.package import build, texts
from glmc.plan.schedule import class_name, schedule
from glmc.plan.target import DEFAULT
from tests.emit.built import NO_FACTS, built, draw, imported, patterns

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
GOLDEN_MIXERS = ("power_of_two", "deltanet", "scalar_gated_ssm", "hybrid", "logsparse")
SMALL = "glm 1\nmixer small { B[i] = { i - 1 } }\n"

PRINT = """
import sys
from pathlib import Path
from tests.emit.test_package import print_packages
print_packages(Path(sys.argv[1]))
"""


def example(name: str) -> str:
    return (ROOT / "examples" / f"{name}.glm").read_text()


def print_packages(folder: Path) -> None:
    """Writes the golden packages; what they cost is not part of them, so that analysis can improve."""
    for name in GOLDEN_MIXERS:
        pattern = patterns(example(name), name, name=f"{name}.glm")[0]
        build([(pattern, NO_FACTS)], folder, force=True)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("printed")
    print_packages(folder)
    return folder


def test_packages_are_as_reviewed(printed: Path) -> None:
    """After a wanted change: `python -m tests.emit.test_package`, then review the difference."""
    found, reviewed = tree(printed), tree(GOLDEN)
    assert found.keys() == {path for path in reviewed if path.split("/")[0] in GOLDEN_MIXERS}
    for path, text in found.items():
        assert text.decode() == reviewed[path].decode(), path


@pytest.mark.parametrize("seed", ["1", "2"])
def test_bytes_do_not_depend_on_hashes(seed: str, printed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", PRINT, str(tmp_path)], check=True, cwd=ROOT, env=environment)
    assert tree(tmp_path) == tree(printed)


def test_code_stands_as_ruff_formats_it(printed: Path) -> None:
    for command in (["format", "--check"], ["check", "--select", "E4,E7,E9,F,I"]):
        arguments = [
            sys.executable,
            "-m",
            "ruff",
            *command,
            "--isolated",
            "--line-length",
            "110",
            str(printed),
        ]
        result = subprocess.run(arguments, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout


@pytest.mark.slow
def test_types_are_strict(printed: Path) -> None:
    arguments = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", *GOLDEN_MIXERS]
    result = subprocess.run(arguments, capture_output=True, text=True, cwd=printed)
    assert result.returncode == 0, result.stdout


def test_generated_code_needs_no_glmc(tmp_path: Path) -> None:
    built(SMALL, tmp_path)
    use = (
        "import sys, torch; sys.modules['glmc'] = sys.modules['triton'] = None; from small import Small;"
        "print(Small(d_model=8, num_heads=2)(torch.zeros(1, 5, 8)).shape)"
    )
    environment = {**os.environ, "PYTHONPATH": ""}
    result = subprocess.run([sys.executable, "-c", use], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.stdout.strip() == "torch.Size([1, 5, 8])", result.stderr


@pytest.mark.parametrize("mixer", ["power_of_two", "hybrid"])
def test_selftest(mixer: str, printed: Path) -> None:
    command = [sys.executable, "-W", "error::UserWarning", "-m", f"{mixer}.selftest", "--quick"]
    result = subprocess.run(command, cwd=printed, capture_output=True, text=True)
    assert result.returncode == 0 and "all agree" in result.stdout, result.stdout + result.stderr


def test_selftest_finds_a_wrong_row(tmp_path: Path) -> None:
    built("glm 1 mixer wrong { B[i] = { i - k - 1 for k in 0..3 } }", tmp_path)
    rows = tmp_path / "wrong" / "rows.py"
    text = rows.read_text()
    assert text.count(".clamp(min=-1)") == 2
    rows.write_text(text.replace(".clamp(min=-1)", ".clamp(min=0)"))
    command = [sys.executable, "-m", "wrong.selftest", "--quick"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1 and "WRONG" in result.stdout


# -- files of other people ----------------------------------------------------------------------------------


def write(folder: Path, text: str = SMALL, *, force: bool = False) -> None:
    build([(pattern, NO_FACTS) for pattern in patterns(text)], folder, force=force)


def codes(error: pytest.ExceptionInfo[GlmError]) -> list[str]:
    return [diagnostic.code for diagnostic in error.value.diagnostics]


def test_rebuilding_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    before = tree(tmp_path)
    write(tmp_path)
    assert tree(tmp_path) == before


def test_an_edited_file_stays(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "small" / "layer.py").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(GlmError) as error:
        write(tmp_path, SMALL + "mixer other { }")
    assert codes(error) == ["GLM301"] and tree(tmp_path) == before
    write(tmp_path, force=True)
    assert (tmp_path / "small" / "layer.py").read_text() != "mine"


@pytest.mark.parametrize("name", ["layer.py", "manifest.json"])
def test_a_foreign_file_stays(name: str, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / name).write_text("{}")
    with pytest.raises(GlmError) as error:
        write(tmp_path)
    assert codes(error) == ["GLM301"] and tree(tmp_path) == {f"small/{name}": b"{}"}


def test_a_file_beside_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "notes.txt").write_text("mine")
    write(tmp_path)
    assert (tmp_path / "small" / "notes.txt").read_text() == "mine"


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "small").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GlmError) as error:
        write(tmp_path / "out")
    assert codes(error) == ["GLM301"] and not list((tmp_path / "elsewhere").iterdir())


def test_stale_files_go_and_only_those(tmp_path: Path) -> None:
    composed = "glm 1 mixer one { } mixer small { heads 1/2: one heads 1/2: one }"
    build([(patterns(composed, "small")[0], NO_FACTS)], tmp_path, force=False)
    manifest = tmp_path / "small" / "manifest.json"
    listed = json.loads(manifest.read_text())
    outside = tmp_path / "precious.py"
    outside.write_text("")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    listed["files"]["../precious.py"] = empty
    manifest.write_text(json.dumps(listed))
    assert (tmp_path / "small" / "heads_one" / "rows.py").is_file()
    write(tmp_path)
    assert outside.is_file() and not list((tmp_path / "small").glob("heads_one/*.py"))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GlmError) as error:
        write(tmp_path / "file")
    assert codes(error) == ["GLM303"]


def test_class_names() -> None:
    assert class_name("power_of_two") == "PowerOfTwo" and class_name("a_1b") == "A1b"


@pytest.mark.parametrize("name", ["true", "none", "false"])
def test_a_class_name_that_python_reserves(name: str, tmp_path: Path) -> None:
    with pytest.raises(GlmError) as error:
        write(tmp_path, f"glm 1 mixer {name} {{ }}")
    assert codes(error) == ["GLM302"] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["max", "mix", "reference", "kernels", "operator_", "linear", "module", "x"])
def test_mixers_named_like_things_in_the_code(name: str, tmp_path: Path) -> None:
    operator = built(f"glm 1 mixer {name} {{ B[i] = {{ i - 1 }} weights A, B = softmax(slot_gate) }}", tmp_path)
    assert operator(**draw(operator, 5)).shape == (2, 5, 2, 3)
    layer = getattr(imported(tmp_path / name), class_name(name))(d_model=4, num_heads=2)
    assert sum(parameter.numel() for parameter in layer.parameters()) > 0


def test_comments_stay_comments() -> None:
    """A carriage return ends a line of Python; nothing of a file's text may become code."""
    doc = 'doc "x\\"\\"\\" + quit()"'
    hostile = f"glm 1\r\n# a\x0bb\x0cimport os  # coding: utf-7\nmixer small {{ {doc} B[i] = {{ i - 1 }} }}\n"
    pattern = patterns(hostile, name="coding: utf-7 \r.glm")[0]
    for path, text in texts(schedule(pattern, NO_FACTS, DEFAULT)).items():
        if path.endswith(".py"):
            body = text.split("\n\n", 1)
            assert all(line.startswith("#") for line in body[0].splitlines()), path
            assert "coding:" not in text.splitlines()[0]
            compile(text, path, "exec")


if __name__ == "__main__":
    print_packages(GOLDEN)
