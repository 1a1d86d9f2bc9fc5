"""What others offer for the same inputs. A peer that is not there says so by ImportError or RuntimeError."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

Call = Callable[[], Tensor]


@dataclass(frozen=True)
class Peer:
    """``prepare(x)`` makes a call and the tensors whose gradients it may give, for values x [B, T, H, D]."""

    title: str
    prepare: Callable[[Tensor], tuple[Call, list[Tensor]]]
    longest: int
    needs_gpu: bool = True  # elsewhere it is skipped


def _heads_first(x: Tensor, count: int) -> list[Tensor]:
    return [torch.randn_like(x.transpose(1, 2).contiguous()).requires_grad_() for _ in range(count)]


def attention(backend: str) -> Callable[[Tensor], tuple[Call, list[Tensor]]]:
    """Causal scaled-dot-product attention by one of torch's backends."""

    def prepare(x: Tensor) -> tuple[Call, list[Tensor]]:
        from torch.nn.attention import SDPBackend, sdpa_kernel

        inputs = _heads_first(x, 3)
        backends = getattr(SDPBackend, backend if x.is_cuda else "MATH")

        def call() -> Tensor:
            with sdpa_kernel(backends):
                return functional.scaled_dot_product_attention(*inputs, is_causal=True)

        return call, inputs

    return prepare


def flex(reads: Callable[[Tensor], Tensor]) -> Callable[[Tensor], tuple[Call, list[Tensor]]]:
    """FlexAttention where row i reads column j if `reads(i - j)`; its blocks of 128 are found from the mask itself."""

    def prepare(x: Tensor) -> tuple[Call, list[Tensor]]:
        from torch.nn.attention.flex_attention import BlockMask, flex_attention

        inputs = _heads_first(x, 3)
        length, size = x.shape[1], min(128, x.shape[1])

        def mask(b: Tensor, h: Tensor, i: Tensor, j: Tensor) -> Tensor:
            return reads(i - j)

        j = torch.arange(length, device=x.device)
        blocks = torch.stack([reads(rows[:, None] - j).view(size, -1, size).any(-1).any(0) for rows in j.split(size)])
        indices = blocks.int().argsort(dim=-1, descending=True, stable=True).int()
        counts = blocks.sum(-1).int()
        block_mask = BlockMask.from_kv_blocks(
            counts[None, None], indices[None, None], BLOCK_SIZE=size, mask_mod=mask, seq_lengths=(length, length)
        )
        compiled = torch.compile(flex_attention, dynamic=False)

        def call() -> Tensor:
            result: Tensor = compiled(*inputs, block_mask=block_mask)
            return result

        return call, inputs

    return prepare


def reads_powers(distance: Tensor) -> Tensor:
    return (distance >= 0) & ((distance & (distance - 1)) == 0)


def reads_squares(distance: Tensor) -> Tensor:
    root = (distance - 1).clamp(min=0).float().sqrt().round().to(distance.dtype)
    return (distance == 0) | ((distance > 0) & (root * root == distance - 1))


def hgrn(x: Tensor) -> tuple[Call, list[Tensor]]:
    """fla's chunked h = exp(g)·h + x; a gate a channel."""
    from fla.ops.hgrn.chunk import chunk_hgrn

    values = torch.randn_like(x.flatten(2)).requires_grad_()
    decay = functional.logsigmoid(torch.randn_like(values) + 3).detach().requires_grad_()
    return lambda: chunk_hgrn(values, decay)[0], [values, decay]


def deltaformer(x: Tensor) -> tuple[Call, list[Tensor]]:
    """fla's dense recurrence."""
    from fla.ops.deltaformer.parallel import ParallelDeltaformerFunction

    q, k, v = (torch.randn_like(x).requires_grad_() for _ in range(3))
    beta = torch.rand_like(x[..., 0]).requires_grad_()
    return lambda: ParallelDeltaformerFunction.apply(q, k, v, beta, 512, None), [q, k, v, beta]


def simple_gla(x: Tensor) -> tuple[Call, list[Tensor]]:
    """fla's linear attention with a gate a head."""
    from fla.ops.simple_gla import chunk_simple_gla

    q, k, v = (torch.randn_like(x).requires_grad_() for _ in range(3))
    decay = functional.logsigmoid(torch.randn_like(x[..., 0]).float() + 3).detach().requires_grad_()
    return lambda: chunk_simple_gla(q, k, v, g=decay)[0], [q, k, v, decay]


PEERS = {
    "cudnn": Peer("SDPA, cuDNN", attention("CUDNN_ATTENTION"), 131072, needs_gpu=False),
    "flash": Peer("SDPA, flash", attention("FLASH_ATTENTION"), 65536),
    "flex_powers": Peer("FlexAttention, 2^k", flex(reads_powers), 32768),
    "flex_squares": Peer("FlexAttention, k²+1", flex(reads_squares), 32768),
    "hgrn": Peer("fla chunk_hgrn", hgrn, 131072),
    "deltaformer": Peer("fla deltaformer", deltaformer, 8192),
    "simple_gla": Peer("fla chunk_simple_gla", simple_gla, 131072),
}
