"""What keeps a sound mixer from being written as a package."""

from __future__ import annotations

from dataclasses import dataclass

from glmc.diagnostics import Diagnostic


@dataclass(frozen=True, kw_only=True)
class FileInTheWay(Diagnostic):
    """The package would overwrite a file that glmc did not write, or that was changed since.

    Repair: Move the file, choose another folder with -o, or overwrite it with --force.
    """

    code = "GLM301"
    title = "{path} is in the way"
    label = "the package of {mixer} has a file of that name"
    notes = ("glmc did not write {path}, or it was changed since",)
    help = "move it, choose another folder with -o, or overwrite it with --force"
    mixer: str
    path: str


@dataclass(frozen=True, kw_only=True)
class ClassNameTaken(Diagnostic):
    """The layer's class is named after the mixer, and this name belongs to Python.

    Repair: Give the mixer another name.
    """

    code = "GLM302"
    title = "the layer of {mixer} would be called {name}, which Python reserves"
    label = "its class is named after the mixer"
    help = "give the mixer another name, such as {mixer}_mixer"
    mixer: str
    name: str


@dataclass(frozen=True, kw_only=True)
class CannotWrite(Diagnostic):
    """The operating system refuses to write the package.

    Repair: Check the folder's permissions and space, or choose another with -o.
    """

    code = "GLM303"
    title = "cannot write {path}: {reason}"
    label = "its package goes there"
    help = "choose another folder with -o"
    path: str
    reason: str
