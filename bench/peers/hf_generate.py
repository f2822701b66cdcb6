"""transformers' greedy answers: how many a second.

    python hf_generate.py FOLDER IMAGE_SIDE ROWS BATCH TOKENS [DTYPE]

Random pixels and one prompt of each row; every answer has TOKENS tokens. Prints one JSON line: answers a second, best of
three after one warm-up, and the peak resident memory.
"""
import json
import resource
import sys
import time

import torch
from transformers import AutoTokenizer, PaliGemmaForConditionalGeneration

folder, side, rows, batch, tokens = sys.argv[1], *map(int, sys.argv[2:6])
dtype = getattr(torch, sys.argv[6] if len(sys.argv) > 6 else "float32")
model = PaliGemmaForConditionalGeneration.from_pretrained(folder, dtype=dtype).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
images = (side // model.config.vision_config.patch_size) ** 2
prompt = tokenizer("answer en What is the item weight?\n", add_special_tokens=False)["input_ids"]
row = [model.config.image_token_index] * images + [model.config.bos_token_id] + prompt
ids = torch.tensor([row] * batch)
inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=torch.zeros_like(ids))
generator = torch.Generator().manual_seed(0)
pixels = [torch.rand(batch, 3, side, side, generator=generator) * 2 - 1 for _ in range(rows // batch)]


def answer_all():
    start = time.perf_counter()
    with torch.inference_mode():
        for some in pixels:
            model.generate(**inputs, pixel_values=some.to(dtype), max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False)
    return time.perf_counter() - start


answer_all()
seconds = min(answer_all() for _ in range(3))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"answers_per_s": rows / seconds, "peak_rss_gib": peak}))
