import { cp, readFile, writeFile } from "node:fs/promises";
import { freemem } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { withProducts } from "../../src/engine/products.ts";
import { f32ToF16 } from "../../src/formats/half.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import { encodeAdapter } from "../../src/model/adapter-files.ts";
import { type Adapter, loraModules, loraScale, parametersOf } from "../../src/model/lora.ts";
import { loadModel } from "../../src/model/model.ts";
import { readModelConfig } from "../../src/model/model-config.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { adapterKey } from "../../src/model/weight-names.ts";
import { writeShards } from "../../src/model/write-shards.ts";
import { layOutAdapter, trainAdapter } from "../../src/train/trained.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { replaceFolderAtomic } from "../../src/util/files.ts";
import { random } from "../../src/util/random.ts";
import { sizeOf, type Tensor, tensor } from "../../src/util/tensor.ts";
import { relativeDistance } from "../support/errors.ts";
import { python, whyNoPython } from "../support/python.ts";
import { workFolder } from "../support/work-folder.ts";

const SHAPES = join(import.meta.dirname, "../../configs/models/paligemma-3b-448");
const [PREFIX, SUFFIX, RANK] = [20, 6, 8];
const TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/** One step's loss and LoRA gradients by PEFT, from weights in half that torch widens. */
const GRADIENTS = `
import sys, torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import PaliGemmaForConditionalGeneration
base, adapter, batch, out = sys.argv[1:]
model = PaliGemmaForConditionalGeneration.from_pretrained(base, dtype=torch.float32)
model = PeftModel.from_pretrained(model, adapter, is_trainable=True).train()
given = load_file(batch)
loss = model(**given, attention_mask=torch.ones_like(given["input_ids"])).loss
loss.backward()
named = {n.replace(".default", ""): p.grad for n, p in model.named_parameters() if p.grad is not None}
save_file({**named, "loss": loss.detach().reshape(1)}, out)
`;

/** Numbers around 0, as wide as a layer of that many inputs wants: a million drawn ones, again and again. */
function drawer(label: string) {
  const generator = random(0, label);
  const drawn = Float32Array.from({ length: 1_000_003 }, () => generator.normal());
  let at = 0;
  return (length: number, scale: number) =>
    Float32Array.from({ length }, () => {
      at = (at + 1) % drawn.length;
      return scale * drawn[at];
    });
}

test("at full width, cut to two layers each, every LoRA gradient is torch's: the image tower's too", async (context) => {
  const reason =
    (await whyNoPython(["torch", "transformers", "peft"])) ??
    (freemem() < 12e9 ? "it takes 12 GB of free memory" : undefined);
  if (reason) context.skip(reason);
  const folder = workFolder();
  const at = (name: string) => join(folder, name);

  await cp(SHAPES, at("base"), { recursive: true });
  const config = JSON.parse(await readFile(at("base/config.json"), "utf8"));
  config.text_config.num_hidden_layers = 2;
  config.vision_config.num_hidden_layers = 2;
  await writeFile(at("base/config.json"), JSON.stringify(config));
  const modelConfig = await readModelConfig(at("base"));
  const draw = drawer("weights");
  await writeShards(at("base"), parametersOf(paligemmaParameters(modelConfig)), {
    ...{ dtype: "F16", width: 2, shardBytes: 2 ** 30 },
    bytesOf: async ({ shape }) => {
      const scale = shape.length > 1 ? 0.7 / Math.sqrt(sizeOf(shape.slice(1))) : 0.1;
      return new Uint8Array(f32ToF16(draw(sizeOf(shape), scale)).buffer);
    },
  });

  const lora = { rank: RANK, alpha: 16, rslora: false, dropout: 0, targets: TARGETS, exclude: null };
  const modules = loraModules(paligemmaParameters(modelConfig), lora);
  const matrix = (shape: readonly [number, number]) =>
    tensor("f32", shape, draw(sizeOf(shape), 0.5 / Math.sqrt(shape[1])));
  const adapter: Adapter = new Map(
    modules.map(({ path, in: width, out }) => [path, { a: matrix([RANK, width]), b: matrix([out, RANK]) }]),
  );
  await replaceFolderAtomic(at("adapter"), encodeAdapter({ config: lora, weights: adapter, base: null }));

  const { vision, imageTokenId } = modelConfig;
  const images = (vision.imageSize / vision.patchSize) ** 2;
  const generator = random(0, "batch");
  const text = Array.from({ length: PREFIX + SUFFIX }, () => 3 + generator.int(250_000));
  const pixels = Float32Array.from({ length: 3 * vision.imageSize ** 2 }, () => 2 * generator.uniform() - 1);
  const total = images + PREFIX + SUFFIX;
  const ids = (numbers: readonly number[]) => tensor("i64", [1, total], BigInt64Array.from(numbers, BigInt));
  const ahead = images + PREFIX;
  await writeFile(
    at("batch.safetensors"),
    encodeSafetensors(
      new Map<string, Tensor>([
        ["input_ids", ids([...Array<number>(images).fill(imageTokenId), ...text])],
        ["token_type_ids", ids(Array.from({ length: total }, (_, i) => +(i >= ahead)))],
        ["labels", ids(Array.from({ length: total }, (_, i) => (i < ahead ? -100 : text[i - images])))],
        ["pixel_values", tensor("f32", [1, 3, vision.imageSize, vision.imageSize], pixels)],
      ]),
    ),
  );
  await python(["-c", GRADIENTS, at("base"), at("adapter"), at("batch.safetensors"), at("gradients.safetensors")]);
  const expected = await readSafetensors(at("gradients.safetensors"));

  const batch = {
    pixels,
    tokens: Int32Array.from(text),
    prefixLengths: Int32Array.of(PREFIX),
    suffixLengths: Int32Array.of(SUFFIX),
  };
  // What is left out of three products is 2⁻¹⁴ of the largest numbers; it adds up over the layers.
  for (const [weights, limit] of [
    ["f16", 5e-5],
    ["i8x2", 1.5e-3],
  ] as const) {
    const model = await loadModel(at("base"), weights);
    const trainer = createTrainer(
      withProducts(ortEngine(), "int8"),
      model,
      trainAdapter(model, { modules, rank: RANK, scale: loraScale(lora), dropout: 0 }, adapter),
      {
        ...{ betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: 1, seed: 0, programs: "layers" },
      },
    );
    const { loss } = await trainer.differentiate([batch], 1);
    expect(loss).toBeCloseTo(expected.get("loss")!.data[0] as number, 3); // each adds up 257,216 numbers in its own order
    const errors = layOutAdapter(modules, RANK).places.map(({ path, matrix, start, shape }) => {
      const wanted = expected.get(adapterKey("transformers>=5.6", path, matrix === "a" ? "A" : "B"))!;
      return relativeDistance(trainer.gradient.subarray(start, start + sizeOf(shape)), wanted.data as Float32Array);
    });
    await trainer.release();
    expect(errors).toHaveLength(2 * (2 * 3 + 2 * 7));
    expect(Math.max(...errors), weights).toBeLessThan(limit);
  }
}, 900_000);
