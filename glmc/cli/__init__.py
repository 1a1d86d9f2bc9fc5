"""The command line: the only package that prints or exits. One module a command."""

from __future__ import annotations

import errno
import os
import sys
import warnings

import rich_click as click

from glmc import __version__
from glmc.cli.analyze import analyze
from glmc.cli.build import build
from glmc.cli.check import check
from glmc.cli.explain import explain
from glmc.cli.explore import explore
from glmc.cli.new import new
from glmc.cli.paths import paths
from glmc.cli.show import show

WRONG_USAGE = 2
BUG = 70
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TRACEBACK = "GLMC_TRACEBACK"  # set in the environment to see where glmc's own code failed


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="glmc")
def cli() -> None:
    """Compile token mixers: from a .glm file to proved costs and an importable torch layer.

    \b
    Save this as power_of_two.glm, or start with `glmc new power_of_two --class shifts`:
        glm 1
        mixer power_of_two {
          B[i] = { i - 2^k for k in 0.. }
          claim time in O(log n)
        }

    \b
    Then
        glmc check power_of_two.glm          finds mistakes,
        glmc explain GLM170                  says what a mistake's code means,
        glmc analyze power_of_two.glm        derives costs and judges the claims,
        glmc show power_of_two.glm           draws what each output reads,
        glmc paths power_of_two.glm 0 100    shows how an input reaches an output,
        glmc build power_of_two.glm -o out   writes the package out/power_of_two/.

    Exit codes: 0 done; 1 the file has mistakes or a claim is refuted; 2 wrong usage; 70 a bug of glmc's own.
    """


for command in (new, check, explain, analyze, show, paths, explore, build):
    cli.add_command(command)


def main() -> None:
    """The console script. Whatever goes wrong in glmc's own code becomes one sentence and exit code 70."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before the start
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="replace")
    if _TRACEBACK in os.environ:
        cli(prog_name="glmc")
    warnings.simplefilter("ignore")
    try:
        cli(prog_name="glmc")
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer has nowhere to go
            click.echo(f"glmc: cannot write the results: {error.strerror}", err=True)
            sys.exit(WRONG_USAGE)
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        click.echo(
            f"glmc: this is a bug of glmc's own ({reason}).\n"
            f"Please report it with the file; {_TRACEBACK}=1 in the environment shows where it happened.",
            err=True,
        )
        sys.exit(BUG)
