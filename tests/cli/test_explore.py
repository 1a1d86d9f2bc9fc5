"""`glmc explore` as a person uses it: bounds, files, pictures, JSON, mistakes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import glmc
from glmc import cli

QUICK = ("explore", "--length", "64", "--family", "powers", "--jobs", "1")


def run(*arguments: str):
    return CliRunner().invoke(cli.cli, list(arguments), catch_exceptions=False)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A search that writes files and a picture, and what it printed."""
    folder = tmp_path_factory.mktemp("found")
    bounds = ("--time", "O(log n)", "--cache", "8", "--form", "compact")
    result = run(*QUICK, *bounds, "-o", str(folder / "mixers"), "--plot", str(folder / "front.svg"))
    assert result.exit_code == 0, result.output
    return folder, result.stdout


def test_what_is_found_is_shown(found):
    _, printed = found
    assert "mixers are beaten by none at n = 64" in printed
    row = next(line for line in printed.splitlines() if "powers_of_2_" in line)
    assert row.split()[2:6] == ["7", "7", "6", "10"] and "log(n), log(n)" in row
    assert "└" in printed and "path" in printed  # the drawing


def test_every_written_file_is_proved(found):
    folder, printed = found
    written = sorted((folder / "mixers").glob("*.glm"))
    assert written and all(path.name in printed for path in written)
    for path in written:
        (analysis,) = glmc.analyze(path, 64)
        assert analysis.verdicts and {verdict.verdict for verdict in analysis.verdicts} == {"proved"}, path.read_text()


def test_written_files_build(found, tmp_path):
    folder, _ = found
    (package,) = glmc.build(folder / "mixers" / "powers_of_2_compact.glm", tmp_path)
    assert (package / "__init__.py").exists()


def test_the_picture_is_the_same_every_time(found, tmp_path):
    folder, _ = found
    bounds = ("--time", "O(log n)", "--cache", "8", "--form", "compact")
    again = run(*QUICK, *bounds, "--plot", str(tmp_path / "front.svg"))
    assert again.exit_code == 0
    assert (folder / "front.svg").read_bytes() == (tmp_path / "front.svg").read_bytes()


def test_json():
    result = run(*QUICK, "--form", "recurrent", "--path", "6", "--output-format", "json")
    document = json.loads(result.stdout)
    assert document["length"] == 64 and document["candidates"] == 9
    best = document["front"][-1]
    assert best["path"] <= 6 and best["growth"]["cache"] == "n" and best["text"].startswith("glm 1\n")
    assert len(best["congestion"]) == 2 and best["ahead_at"] == []


def test_nothing_found_is_said():
    result = run(*QUICK, "--path", "1", "--time", "O(1)")
    assert result.exit_code == 0 and result.stdout.startswith("None of 27 mixers keeps the bounds")


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "taken").write_text("mine")
    result = run(*QUICK, "--time", "O(log n)", "-o", str(tmp_path / "taken" / "below"))
    assert result.exit_code == 2
    assert "cannot write into" in result.stderr
    assert (tmp_path / "taken").read_text() == "mine"


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "powers_of_2_compact.glm").write_text("mine")
    result = run(*QUICK, "--form", "compact", "-o", str(tmp_path))
    assert result.exit_code == 2 and "holds something else" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["powers_of_2_compact.glm"]
    assert (tmp_path / "powers_of_2_compact.glm").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--time", "log n"), "neither a number nor a growth"),
        (("--time", "O(log m)"), "m"),
        (("--cache", "O(1) } mixer b { claim time in O(1)"), "neither a number nor a growth"),
        (("--path", "-3"), "neither a number nor a growth"),
        (("--family", "prime"), "there is no family 'prime'"),
        (("--plot", "front.gif"), "ends in neither .png nor .svg"),
        (("--length", "3"), "64<=x"),
    ],
)
def test_wrong_usage(arguments, said):
    result = run(*QUICK, *arguments)
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.stderr.replace("│", " ").split())
