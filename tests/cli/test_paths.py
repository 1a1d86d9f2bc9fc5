"""`glmc paths`: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from glmc.cli import cli
from tests.analysis.mixers import EXAMPLES

POWERS = str(EXAMPLES / "power_of_two.glm")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["paths", *arguments])


def test_hop_by_hop() -> None:
    result = run(POWERS, "0", "100")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "power_of_two",
        "x_0 reaches y_100 in 3 hops:",
        "  A[0]: y_0 reads x_0, its own input",
        "  B[64]: y_64 reads y_0, 64 back",
        "  B[96]: y_96 reads y_64, 32 back",
        "  B[100]: y_100 reads y_96, 4 back",
        "There are 3001544071270691261259152 influence paths, about 10^24.48.",
        "",
    ]


def test_many_hops_are_cut() -> None:
    lines = run(str(EXAMPLES / "diagonal_ssm.glm"), "0", "1000").stdout.splitlines()
    assert "  … 961 more …" in lines
    assert lines[-3:] == ["  B[1000]: y_1000 reads y_999, 1 back", "It is the only influence path.", ""]


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [("0", "100", "there is no influence path"), ("9", "3", "an output depends on no later input")],
)
def test_unreachable(source: str, target: str, reason: str) -> None:
    file = str(EXAMPLES / "local_attention.glm")
    result = run(file, source, target)
    assert result.exit_code == 0
    assert f"x_{source} does not reach y_{target}: {reason}\n" in result.stdout
    (mixer,) = json.loads(run(file, source, target, "--output-format", "json").stdout)["mixers"]
    assert (mixer["reachable"], mixer["hops"], mixer["influence_paths"]) == (False, None, 0)


def test_json() -> None:
    (mixer,) = json.loads(run(POWERS, "0", "3", "--output-format", "json").stdout)["mixers"]
    assert mixer == {
        "name": "power_of_two",
        "from": 0,
        "to": 3,
        "reachable": True,
        "hops": 2,
        "group": "power_of_two",
        "outputs": [0, 2, 3],
        "influence_paths": 3,
        "log10": 0.477121,
    }


def test_heads_are_named() -> None:
    result = run(str(EXAMPLES / "hybrid.glm"), "3", "4000", "--mixer", "hybrid")
    assert "in the heads of squares_recurrence:" in result.stdout


@pytest.mark.parametrize("ends", [("0",), ("0", "x"), ("0", str(2**20)), ()])
def test_wrong_usage(ends: tuple[str, ...]) -> None:
    assert run(POWERS, *ends).exit_code == 2


def test_too_much_to_follow(tmp_path) -> None:
    file = tmp_path / "dense.glm"
    file.write_text("glm 1\nmixer m { B[i] = { j for j in 0..i if gcd(i, j) == 1 } }")
    result = run(str(file), "0", "60000")
    assert result.exit_code == 2
    assert "too many entries" in " ".join(result.stderr.split())
