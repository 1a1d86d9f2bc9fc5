"""Looks in machine code of sm_90 for uniform registers that are read before anything writes them.

ptxas of CUDA 12.8 has made products whose descriptor was in part such a register: their results were wrong, or came
from addresses of nothing, and no sanitizer told. A descriptor `gdesc[UR4]` is UR4 … UR7, of which the first half is
the left operand's, unless that is in registers; `desc[UR4]` of a load is UR4 and UR5.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import triton

_INSTRUCTION = re.compile(r"\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+ )?(?P<operation>\S+)\s*(?P<operands>.*?)\s*;")
_UNIFORM = re.compile(r"(?P<kind>gdesc\[|desc\[|)UR(?P<number>\d+)")
_WRITERS = ("R2UR", "S2UR", "REDUX", "CREDUX", "VOTEU", "CS2UR")  # besides the operations that begin with U


def disassembled(cubin: bytes) -> str:
    """The instructions, in the order of the code."""
    nvdisasm = Path(triton.__file__).parent / "backends/nvidia/bin/nvdisasm"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        return subprocess.run([nvdisasm, "-c", file.name], capture_output=True, text=True, check=True).stdout


def read_unwritten(code: str) -> list[str]:
    """The instructions that read a uniform register which none above them writes."""
    written: set[int] = set()
    found = []
    for line in code.splitlines():
        instruction = _INSTRUCTION.match(line)
        if instruction is None:
            continue
        operation = instruction["operation"]
        operands = [operand.strip() for operand in instruction["operands"].split(",")]
        is_pair = operation.startswith("U") and ".64" in operation
        result = re.fullmatch(r"UR(\d+)", operands[0])
        is_writer = result and (operation.startswith("U") or operation.split(".")[0] in _WRITERS)
        reads = {
            register
            for operand in operands[1 if is_writer else 0 :]
            for found_in in _UNIFORM.finditer(operand)
            for register in _registers(found_in["kind"], int(found_in["number"]), operands, is_pair)
        }
        if reads - written:
            found.append(line.strip())
        written |= reads
        if result and is_writer:
            written |= {int(result[1]) + more for more in range(2 if is_pair or ".WIDE" in operation else 1)}
    return found


def _registers(kind: str, first: int, operands: list[str], is_pair: bool) -> range:
    match kind:
        case "gdesc[":
            left_is_in_registers = re.match(r"R\d", operands[1]) is not None
            return range(first + 2 if left_is_in_registers else first, first + 4)
        case "desc[":
            return range(first, first + 2)
        case _:
            return range(first, first + (2 if is_pair else 1))
