"""A small byte-level language model around any layer that glmc generates, and real text to train it on."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY = 256


class Block(nn.Module):
    """Pre-norm mixing and a feed-forward part, both residual; [batch, length, width] to the same."""

    def __init__(self, mixer: nn.Module, width: int) -> None:
        super().__init__()
        self.mixer = mixer
        self.mixer_norm = nn.RMSNorm(width)
        self.feed_forward = nn.Sequential(
            nn.RMSNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor, state: Any = None) -> Tensor:
        x = x + self.mixer(self.mixer_norm(x), state=state)
        return x + self.feed_forward(x)


class ByteModel(nn.Module):
    """Bytes in, logits of the next byte out: [batch, length] int64 to [batch, length, 256]."""

    def __init__(self, make_mixer: Callable[[], nn.Module], width: int, depth: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.blocks = nn.ModuleList(Block(make_mixer(), width) for _ in range(depth))
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, VOCABULARY, bias=False)

    def forward(self, text: Tensor, states: list[Any] | None = None) -> Tensor:
        x = self.embedding(text)
        for index, block in enumerate(self.blocks):
            x = block(x, state=states[index] if states else None)
        return self.head(self.norm(x))

    def new_states(self, batch_size: int, max_length: int) -> list[Any]:
        """One empty decode state a block."""
        return [block.mixer.new_state(batch_size, max_length) for block in self.blocks]

    @torch.no_grad()
    def generate(self, prompt: bytes, length: int, temperature: float = 0.7) -> bytes:
        """``prompt`` continued by ``length`` sampled bytes: one prefill, then one decode step a byte."""
        states = self.new_states(1, len(prompt) + length)
        logits = self(torch.tensor([list(prompt)]), states)[:, -1]
        generated = []
        for _ in range(length):
            byte = torch.multinomial((logits / temperature).softmax(-1), 1)
            generated.append(int(byte))
            logits = self(byte, states)[:, -1]
        return prompt + bytes(generated)


def bits_per_byte(model: ByteModel, text: Tensor) -> Tensor:
    """Mean cross-entropy in bits of every byte of ``text`` [batch, length] but the first of each row."""
    logits = model(text[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten()) / torch.log(torch.tensor(2.0))


def standard_library_text(limit: int = 8_000_000) -> tuple[Tensor, Tensor]:
    """Training and held-out bytes (uint8) of Python's own sources: every twentieth file is held out."""
    root = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in root.rglob("*.py") if not {"test", "tests", "site-packages"} & set(path.parts))
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    size = 0
    for index, path in enumerate(files):
        content = path.read_bytes()
        parts[index % 20 == 19].append(content)
        size += len(content)
        if size > limit:
            break
    train, held_out = (torch.frombuffer(bytearray(b"".join(part)), dtype=torch.uint8) for part in parts)
    return train, held_out


def sample(text: Tensor, batch: int, length: int, generator: torch.Generator) -> Tensor:
    """Random windows [batch, length + 1] int64 of a uint8 text."""
    starts = torch.randint(len(text) - length - 1, (batch, 1), generator=generator)
    return text[starts + torch.arange(length + 1)].long()
