"""The wheel, installed without the checkout, builds a layer that runs."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

USE = """
import torch
from power_of_two import PowerOfTwo
layer = PowerOfTwo(d_model=32, num_heads=2)
x = torch.randn(1, 63, 32, requires_grad=True)
y = layer(x)
y.sum().backward()
assert y.shape == x.shape and torch.isfinite(x.grad).all()
import sys
assert not any(name == "glmc" or name.startswith("glmc.") for name in sys.modules)
print("ok")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that holds the wheel; its dependencies come from the running one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    interpreter = folder / "venv" / "bin" / "python"
    site = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(dependencies) + "\n")
    return interpreter


def run(interpreter: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(interpreter), "-I", *arguments], cwd=folder, capture_output=True, text=True, timeout=300)


def test_wheel_builds_a_layer(installed: Path, tmp_path: Path) -> None:
    location = run(installed, "-c", "import glmc; print(glmc.__file__)", folder=tmp_path)
    assert str(installed.parents[1]) in location.stdout, location.stderr
    (tmp_path / "power_of_two.glm").write_text((ROOT / "examples" / "power_of_two.glm").read_text())
    analyze = ["analyze", "power_of_two.glm", "--length", "256", "--report", "power_of_two.html"]
    for command in (["new", "mine"], ["explain", "GLM170"], analyze, ["build", "power_of_two.glm"]):
        result = run(installed, "-m", "glmc", *command, folder=tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
    assert "</html>" in (tmp_path / "power_of_two.html").read_text(encoding="utf-8")
    result = run(installed, "-c", "import sys; sys.path.insert(0, '.')\n" + USE, folder=tmp_path)
    assert result.stdout.strip() == "ok", result.stderr
