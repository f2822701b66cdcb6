# python examples/answer_with_onnxruntime.py FOLDER IMAGE ENTITY
# What `amlc export onnx` wrote, with onnxruntime, tokenizers, pillow and numpy.
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

folder, photograph, entity = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
config = json.loads((folder / "config.json").read_text())
asked = json.loads((folder / "export.json").read_text(encoding="utf-8"))["asked"]  # how the run was trained to be asked
pixels = json.loads((folder / "preprocessor_config.json").read_text())
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
vision, embed, decoder = (
    onnxruntime.InferenceSession(str(folder / "onnx" / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    for name in ("vision_encoder", "embed_tokens", "decoder_model_merged")
)

size = (pixels["size"]["width"], pixels["size"]["height"])
image = np.asarray(Image.open(photograph).convert("RGB").resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
image = (image / 255 - np.float32(pixels["image_mean"])) / np.float32(pixels["image_std"])
(features,) = vision.run(None, {"pixel_values": image.transpose(2, 0, 1)[None].astype(np.float32)})


def embedded(ids):
    return embed.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0]


prompt = asked["prompt"].replace("{entity}", entity.replace("_", " "))
ids = [config["bos_token_id"], *tokenizer.encode(f"{prompt}\n", add_special_tokens=False).ids]
embeds = np.concatenate([features, embedded(ids)], axis=1)  # [1, image and prompt, D]
text = config["text_config"]
empty = np.zeros((1, text["num_key_value_heads"], 0, text["head_dim"]), dtype=np.float32)
past = {i.name: empty for i in decoder.get_inputs() if i.name.startswith("past_key_values")}
names = [o.name for o in decoder.get_outputs()]

seen, answer = 0, []
while len(answer) < asked["max_new_tokens"]:
    count = embeds.shape[1]
    found = decoder.run(None, {
        "inputs_embeds": embeds,
        "attention_mask": np.ones((1, seen + count), dtype=np.int64),
        "position_ids": np.arange(seen + 1, seen + count + 1, dtype=np.int64)[None],  # PaliGemma counts from 1
        "num_logits_to_keep": np.array(1, dtype=np.int64),
        **past,
    })
    seen += count
    token = int(found[0][0, -1].argmax())
    if token == config["eos_token_id"]:
        break
    answer.append(token)
    embeds = embedded([token])
    past = {name.replace("present", "past_key_values"): cache for name, cache in zip(names[1:], found[1:])}
print(tokenizer.decode(answer).strip())
