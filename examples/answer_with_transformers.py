# python examples/answer_with_transformers.py FOLDER IMAGE ENTITY
# What `amlc export merged` wrote, as any PaliGemma of the hub.
import json
import sys
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoProcessor, PaliGemmaForConditionalGeneration

folder, photograph, entity = sys.argv[1:]
processor = AutoProcessor.from_pretrained(folder)
model = PaliGemmaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
asked = json.loads((Path(folder) / "export.json").read_text(encoding="utf-8"))["asked"]  # how the run was trained to be asked
prompt = asked["prompt"].replace("{entity}", entity.replace("_", " "))
inputs = processor(text=f"<image>{prompt}", images=Image.open(photograph).convert("RGB"), return_tensors="pt")
ids = model.generate(**inputs, max_new_tokens=asked["max_new_tokens"], do_sample=False)[0, inputs["input_ids"].shape[1]:]
print(processor.tokenizer.decode(ids, skip_special_tokens=True).strip())
