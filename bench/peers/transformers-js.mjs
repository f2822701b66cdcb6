// transformers.js's greedy answers, one row at a time (its batches go wrong): node transformers-js.mjs FOLDER SIDE ROWS TOKENS [DTYPE]
import { basename, dirname, resolve } from "node:path";
import { AutoTokenizer, env, PaliGemmaForConditionalGeneration, Tensor } from "@huggingface/transformers";

const [folder, ...rest] = process.argv.slice(2);
const [side, rows, tokens] = rest.map(Number);
const dtype = rest[3] ?? "fp32";
env.allowRemoteModels = false;
env.localModelPath = `${dirname(resolve(folder))}/`;
const id = basename(resolve(folder));
const model = await PaliGemmaForConditionalGeneration.from_pretrained(id, { dtype });
const tokenizer = await AutoTokenizer.from_pretrained(id);
const images = (side / model.config.vision_config.patch_size) ** 2;
const prompt = tokenizer.encode("answer en What is the item weight?\n", { add_special_tokens: false });
const row = [...new Array(images).fill(model.config.image_token_index), model.config.bos_token_id, ...prompt];
const int64 = (values) => new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
const pixels = Array.from(
  { length: rows },
  (_, i) =>
    new Tensor(
      "float32",
      Float32Array.from({ length: 3 * side * side }, (_, j) => Math.sin(i + j)),
      [1, 3, side, side],
    ),
);

async function answerAll() {
  const start = performance.now();
  for (const pixel_values of pixels) {
    const inputs = { input_ids: int64(row), attention_mask: int64(row.map(() => 1)), pixel_values };
    await model.generate({ ...inputs, max_new_tokens: tokens, min_new_tokens: tokens });
  }
  return (performance.now() - start) / 1000;
}

await answerAll();
const seconds = [];
for (let i = 0; i < 3; i++) seconds.push(await answerAll());
const peak_rss_gib = process.resourceUsage().maxRSS / 2 ** 20;
console.log(JSON.stringify({ answers_per_s: rows / Math.min(...seconds), peak_rss_gib }));
