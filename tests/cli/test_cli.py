"""The command line as other tools rely on it: exit codes, streams, the JSON object, start-up time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import glmc
from glmc import cli
from glmc.diagnostics import GlmError

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD = """glm 1
mixer first(base: int = 2) {
  doc "hops"
  B[i] = { i - base^k for k in 0.. }
  claim time in O(log n)
}
mixer second { A[i] = window(4)[i]  claim time <= 4 }
"""
REFUTED = "glm 1\nmixer squares {\n  B[i] = { i - (k^2 + 1) for k in 0.. }\n  claim time in O(log n)\n}\n"
WRONG = """glm 1
mixer wrong {
  B[i] = { i - k for k in }
}
mixer also { B[i] = { unknown } }
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "mixers.glm") -> str:
        Path(name).write_text(text, encoding="utf-8")
        return name

    return write


def run(*arguments: str):
    return CliRunner().invoke(cli.cli, list(arguments))


def shell(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "glmc", *arguments], capture_output=True, text=True, **options)


# -- exit codes and streams ---------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "analyze", "show", "paths"])
def test_a_full_disk_is_no_bug_of_glmc(file, command):
    ends = ["0", "9"] if command == "paths" else []
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "glmc", command, file(GOOD), *ends], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (result.returncode, result.stderr) == (2, "glmc: cannot write the results: No space left on device\n")


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_closed_streams_change_no_exit_code(file, closed):
    command = f"{sys.executable} -m glmc analyze {file(REFUTED)} --length 64 {closed}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["check", "analyze", "show", "build"])
def test_done(file, command):
    result = run(command, file(GOOD))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout


@pytest.mark.parametrize("command", ["check", "analyze", "show", "build"])
def test_mistakes(file, command):
    result = run(command, file(WRONG))
    assert (result.exit_code, result.stdout) == (1, "")
    assert not Path("also").exists()
    assert "error[GLM001]" in result.stderr and "--> mixers.glm:3:27" in result.stderr
    assert "--> mixers.glm:5:" in result.stderr, "a mistake of another mixer is reported in the same run"


def test_a_refuted_claim_stops_analyze_and_build_but_not_check(file):
    name = file(REFUTED)
    assert run("check", name).exit_code == 0
    analyzed = run("analyze", name)
    assert analyzed.exit_code == 1
    assert "GLM201" in analyzed.stderr and "refuted" in analyzed.stdout
    assert run("build", name).exit_code == 1
    assert not Path("squares").exists()


def test_a_file_builds_entirely_or_not_at_all(file):
    result = run("build", file(GOOD + REFUTED.removeprefix("glm 1")))
    assert result.exit_code == 1
    assert [path.name for path in Path().iterdir()] == ["mixers.glm"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["unheard"],
        ["check"],
        ["check", "missing.glm"],
        ["check", "."],
        ["check", "mixers.glm", "--set", "base"],
        ["check", "mixers.glm", "--set", "2=base"],
        ["check", "mixers.glm", "--output-format", "xml"],
        ["analyze", "mixers.glm", "--length", "0"],
        ["analyze", "mixers.glm", "--length", "many"],
        ["analyze", "mixers.glm", "--length", "1" + "0" * 5000],
        ["analyze", "mixers.glm", "--target", "abacus"],
        ["analyze", "mixers.glm", "--target", "h200", "--heads", "0"],
        ["build", "mixers.glm", "--target", "abacus"],
    ],
)
def test_wrong_usage(file, arguments):
    file(GOOD)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_a_bug_is_owned_up_to(file, monkeypatch):
    def broken(*_arguments, **_options):
        raise KeyError("something\nlong")

    monkeypatch.setattr("glmc.compiler.find_patterns", broken)
    monkeypatch.setattr("sys.argv", ["glmc", "check", file(GOOD)])
    monkeypatch.delenv("GLMC_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 70


def test_deep_recursion_is_a_finding(file, monkeypatch):
    def endless(*arguments, **options):
        return endless(*arguments, **options)

    monkeypatch.setattr("glmc.compiler.find_patterns", endless)
    result = run("check", file(GOOD), "--output-format", "json")
    assert result.exit_code == 1
    assert [found["code"] for found in json.loads(result.stdout)["diagnostics"]] == ["GLM012"]


# -- options ------------------------------------------------------------------------------------------


def test_mixer_and_settings(file):
    name = file(GOOD)
    found = json.loads(run("analyze", name, "--mixer", "first", "--set", "base=3", "--output-format", "json").stdout)
    (mixer,) = found["mixers"]
    assert (mixer["name"], mixer["parameters"]) == ("first", {"base": 3})
    assert mixer["facts"]["time"]["at_length"] == 9, "offsets 1, 3, …, 3^7 of position 4095, and itself"


@pytest.mark.parametrize("options", [("--mixer", "third"), ("--set", "size=3"), ("--set", "base=two")])
def test_unknown_mixers_and_parameters_are_findings(file, options):
    result = run("check", file(GOOD), *options)
    assert result.exit_code == 1
    assert "error[GLM1" in result.stderr


def test_explain_shows_the_schedule(file):
    result = run("build", file(GOOD), "--mixer", "first", "--explain")
    assert result.exit_code == 0
    assert "shifts" in result.stdout and "inputs: x, q, k" in result.stdout
    assert "first: wrote first" in result.stdout


def test_costs_on_a_machine(file):
    name = file(GOOD)
    options = ("--mixer", "first", "--length", "5000", "--target", "h200", "--head-dim", "64", "--heads", "16")
    (mixer,) = json.loads(run("analyze", name, *options, "--output-format", "json").stdout)["mixers"]
    cost = mixer["cost"]
    assert (cost["target"], cost["batch"], cost["heads"], cost["head_dim"]) == ("h200", 1, 16, 64)
    assert [at["length"] for at in cost["lengths"]] == [1024, 4096, 5000]
    first = cost["lengths"][0]
    assert (first["state_bytes"], first["decode"]["bytes"], first["prefill"]["operations"]) == (
        4194304,
        53248,
        41947136,
    )
    assert first["decode"]["seconds"] == pytest.approx(53248 / 4.24e12) and first["decode"]["binds"] == "memory"
    shown = run("analyze", name, *options).stdout
    assert "12.6 ns   53.2 kB   45.1 k   memory" in shown and "4.24 TB/s" in shown


def test_heads_that_do_not_divide_are_wrong_usage(file):
    name = file((EXAMPLES / "hybrid.glm").read_text())
    result = run("analyze", name, "--target", "h200", "--heads", "6")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "3/4 of 6 heads of hybrid" in result.stderr


def test_names_of_files_are_only_text(file):
    name = file(GOOD, "a[bold]b[] :smile: " + "x" * 90 + ".glm")
    assert run("check", name).stdout == f"{name}: no mistakes\n"


# -- JSON ---------------------------------------------------------------------------------------------


def test_json_of_analyze(file):
    result = run("analyze", file(GOOD), "--length", "1024", "--output-format", "json")
    found = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (found["glmc"], found["language"]) == (glmc.__version__, 1)
    assert (found["file"], found["length"], found["diagnostics"]) == ("mixers.glm", 1024, [])
    first, second = found["mixers"]
    assert first["facts"]["time"].keys() == {
        "growth",
        "expression",
        "at_length",
        "status",
        "because",
        "checked_to",
    }
    assert [first["facts"][name]["at_length"] for name in ("time", "total", "cache", "path")] == [
        11,
        10241,
        1024,
        10,
    ]
    assert first["facts"]["total"]["growth"] == "n*log(n)"
    assert first["facts"]["congestion"].keys() >= {"length", "lower", "upper", "growth", "status", "because"}
    (claim,) = first["claims"]
    assert claim == {
        "claim": "time in O(log n)",
        "verdict": "proved",
        "derived": "log(n)",
        "witness": None,
        "line": 5,
        "column": 3,
    }
    (group,) = first["stability"]
    assert (group["group"], group["heads"], group["breaking"]) == ("first", "1", None)
    assert (group["inverse"]["expression"], group["inverse"]["at_length"]) == ("n", 1024)
    assert (group["output"]["expression"], group["output"]["growth"]) == ("1", "1")
    assert second["facts"]["path"]["at_length"] is None
    assert second["facts"]["path"]["unreachable"] == [0, 4]


def test_rows_that_break_every_bound(file):
    name = file("glm 1\nmixer m { B[i] = { i - 1, i - 2 } weights A = 1 - sum(B) weights B = sigmoid(slot_gate) }")
    (group,) = json.loads(run("analyze", name, "--output-format", "json").stdout)["mixers"][0]["stability"]
    breaking = group["breaking"]
    assert (breaking["row"], breaking["columns"], breaking["row_sum"]) == (2, [0, 1], "7/4")
    assert breaking["inverse_at_least"] == "(7 / 4)^((n - 1) // 2)"
    assert "at least (7 / 4)^((n - 1) // 2)" in " ".join(run("analyze", name).stdout.split())


def test_json_when_exiting_1(file):
    result = run("analyze", file(REFUTED), "--output-format", "json")
    found = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "")
    (claim,) = found["mixers"][0]["claims"]
    assert claim["verdict"] == "refuted" and claim["witness"]
    (diagnostic,) = found["diagnostics"]
    assert (diagnostic["code"], diagnostic["severity"]) == ("GLM201", "error")
    assert (diagnostic["line"], diagnostic["end_line"]) == (4, 4)
    assert diagnostic["message"] and diagnostic["help"]


def test_json_of_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "noise.glm"
    path.write_bytes(bytes(range(256)))
    result = run("check", str(path), "--output-format", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    assert [found["code"] for found in json.loads(result.stdout)["diagnostics"]] == ["GLM010"]


def test_columns_are_code_points_and_the_mark_is_skipped(tmp_path):
    path = tmp_path / "marked.glm"
    path.write_bytes('glm 1 let x = $ # é\nmixer m { doc "日本" $ }'.encode("utf-8-sig"))
    found = json.loads(run("check", str(path), "--output-format", "json").stdout)["diagnostics"]
    assert [(d["line"], d["column"], d["end_line"], d["end_column"]) for d in found] == [
        (1, 15, 1, 16),
        (2, 20, 2, 21),
    ]


# -- the process --------------------------------------------------------------------------------------


def test_help_is_quick():
    def seconds() -> float:
        """Processor time: what the program needs when the machine does nothing else."""
        before = os.times()
        result = shell("--help")
        assert result.returncode == 0 and "glmc analyze power_of_two.glm" in result.stdout
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert any(seconds() < 0.15 for _ in range(20))  # a crowded machine takes longer now and then


@pytest.mark.parametrize("arguments", [["--help"], ["check", str(EXAMPLES / "hybrid.glm")]])
def test_what_is_not_needed_is_not_loaded(arguments):
    script = (
        "import sys; from glmc.cli import cli\n"
        f"try: cli({arguments!r})\n"
        "except SystemExit as exit: assert not exit.code\n"
        "print(sorted({'torch', 'sympy', 'triton', 'networkx', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


def test_streams_that_cannot_show_everything(tmp_path):
    path = tmp_path / "wide.glm"
    path.write_text('glm 1\nmixer m { doc "日本" A[i] = { i } }', encoding="utf-8")
    result = shell("analyze", str(path), env={"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0, result.stderr


# -- Python -------------------------------------------------------------------------------------------


def test_python_entry_points(tmp_path):
    assert [item.name.name for item in glmc.parse(GOOD).items] == ["first", "second"]
    first, second = glmc.analyze(GOOD, 64)
    assert first.facts.time.at_length == 7
    assert [verdict.verdict for verdict in second.verdicts] == ["proved"]
    with pytest.raises(GlmError) as error:
        glmc.analyze(WRONG)
    assert {"GLM001"} < {found.code for found in error.value.diagnostics}
    with pytest.raises(GlmError):
        glmc.build(REFUTED, tmp_path)
    assert not list(tmp_path.iterdir())


def test_load_builds_and_imports(tmp_path):
    package = glmc.load(GOOD, mixer="first", directory=tmp_path)
    assert package.First.__name__ == "First"
    assert glmc.load(tmp_path / "first").First is not package.First, "loaded afresh"
    with pytest.raises(ValueError, match="first, second"):
        glmc.load(GOOD, directory=tmp_path)
    with pytest.raises(ValueError, match="no package"):
        glmc.load(tmp_path)


def test_a_row_that_only_the_analysis_reaches_is_a_finding(file, monkeypatch):
    from glmc.pattern.evaluate import EvaluationError

    def reaches(*_arguments):
        raise EvaluationError("zero divisor", row=70000)

    monkeypatch.setattr("glmc.analysis.analyze.analyze", reaches)
    result = run("analyze", file(GOOD))
    assert result.exit_code == 1
    assert "GLM174" in result.stderr and "i = 70000" in result.stderr
