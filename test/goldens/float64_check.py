"""How far float32 is from float64 in torch itself, for the six AdamW steps of a golden.

    python test/goldens/float64_check.py test/goldens/tiny

Needs torch, transformers and peft. docs/numerics.md says what the numbers mean.
"""

import sys
from pathlib import Path

import peft
import torch
from safetensors.torch import load_file
from transformers import PaliGemmaForConditionalGeneration, get_cosine_schedule_with_warmup


def train(folder, golden, dtype):
    """Six steps as in the golden: the first step's gradients and the final adapter, by PEFT's names, in float64."""
    base = PaliGemmaForConditionalGeneration.from_pretrained(folder / "model", attn_implementation="eager")
    model = peft.PeftModel.from_pretrained(
        base.to(dtype), folder / "adapter", is_trainable=True, autocast_adapter_dtype=False
    )
    model = model.to(dtype).eval()
    batch = {
        name.removeprefix("in."): tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in golden.items()
        if name.startswith("in.")
    }
    adapter = {name.replace(".default", ""): p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(adapter.values(), lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    schedule = get_cosine_schedule_with_warmup(optimizer, 2, 6)
    first = None
    for _ in range(6):
        optimizer.zero_grad()
        model(**batch).loss.backward()
        first = first or {name: p.grad.double().clone() for name, p in adapter.items()}
        torch.nn.utils.clip_grad_norm_(adapter.values(), 1.0)
        optimizer.step()
        schedule.step()
    return first, {name: p.detach().double() for name, p in adapter.items()}


def worst(a, b):
    """The largest difference in one matrix over that matrix's largest number: how large, in which matrix, where."""
    errors = {name: (a[name] - b[name]).abs() / b[name].abs().max() for name in b}
    name = max(errors, key=lambda n: errors[n].max())
    return errors[name].max().item(), name, errors[name].argmax().item()


def distance(a, b):
    """Length of the difference over the length of b, all matrices as one vector."""
    square = lambda tensors: sum((t**2).sum() for t in tensors)
    return (square(a[n] - b[n] for n in b) / square(b.values())).sqrt().item()


def main(folder):
    golden = load_file(folder / "golden.safetensors")
    gradient32, final32 = train(folder, golden, torch.float32)
    gradient64, final64 = train(folder, golden, torch.float64)
    stored = {name: golden[f"adamw.final.{name}"].double() for name in final64}
    pairs = {
        "gradient, float32 against float64": (gradient32, gradient64),
        "adapter, float32 against float64": (final32, final64),
        "adapter, float32 here against float32 as stored": (final32, stored),
        "adapter, float32 as stored against float64": (stored, final64),
    }
    for label, (a, b) in pairs.items():
        error, name, at = worst(a, b)
        print(f"{label}: worst {error:.1e}, in length {distance(a, b):.1e}")
        print(f"    worst at element {at} of {name}")
        print(
            f"    its gradient: float64 {gradient64[name].flatten()[at]:.1e}, float32 {gradient32[name].flatten()[at]:.1e};"
            f" the largest of its matrix: {gradient64[name].abs().max():.1e}"
        )


if __name__ == "__main__":
    torch.manual_seed(0)
    main(Path(sys.argv[1]))
