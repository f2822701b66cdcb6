// node examples/answer-with-onnxruntime.mjs FOLDER IMAGE ENTITY
// What `amlc export onnx` wrote, with nothing of amlc: three files, run one after the other.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";

const [folder, photograph, entity] = process.argv.slice(2);
const json = async (name) => JSON.parse(await readFile(join(folder, name), "utf8"));
const open = (name) => InferenceSession.create(join(folder, "onnx", `${name}.onnx`));
const int64 = (values, shape) => new Tensor("int64", BigInt64Array.from(values, BigInt), shape);

const config = await json("config.json");
const { asked } = await json("export.json"); // how the run was trained to be asked
const tokenizer = new Tokenizer(await json("tokenizer.json"), await json("tokenizer_config.json"));
const [vision, embed, decoder] = await Promise.all(["vision_encoder", "embed_tokens", "decoder_model_merged"].map(open));

/** Pixels [1,3,S,S] from −1 to 1. */
async function readPixels(path) {
  const { size, image_mean: mean, image_std: std } = await json("preprocessor_config.json");
  const square = { width: size.width, height: size.height, fit: "fill", kernel: "cubic" };
  const bytes = await sharp(path).toColourspace("srgb").removeAlpha().resize(square).raw().toBuffer();
  const plane = size.width * size.height;
  const pixels = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let c = 0; c < 3; c++) pixels[c * plane + i] = (bytes[3 * i + c] / 255 - mean[c]) / std[c];
  return new Tensor("float32", pixels, [1, 3, size.height, size.width]);
}

/** Token ids [T] → embeddings [T,D]. */
const embedded = async (ids) => (await embed.run({ input_ids: int64(ids, [1, ids.length]) })).inputs_embeds.data;

const { image_features: image } = await vision.run({ pixel_values: await readPixels(photograph) });
const prompt = asked.prompt.replaceAll("{entity}", entity.replaceAll("_", " "));
const ids = [config.bos_token_id, ...tokenizer.encode(`${prompt}\n`, { add_special_tokens: false }).ids];
const width = image.dims[2];

// Image and prompt are read at once; from then on a token at a time, with the keys and values of all before it.
let embeds = Float32Array.from([...image.data, ...(await embedded(ids))]);
let past = Object.fromEntries(
  decoder.inputNames
    .filter((name) => name.startsWith("past_key_values"))
    .map((name) => {
      const { num_key_value_heads: heads, head_dim: size } = config.text_config;
      return [name, new Tensor("float32", new Float32Array(0), [1, heads, 0, size])];
    }),
);
let seen = 0;
const answer = [];
while (answer.length < asked.max_new_tokens) {
  const count = embeds.length / width;
  const { logits, ...present } = await decoder.run({
    inputs_embeds: new Tensor("float32", embeds, [1, count, width]),
    attention_mask: int64(new Array(seen + count).fill(1), [1, seen + count]),
    position_ids: int64(
      Array.from({ length: count }, (_, i) => seen + i + 1), // PaliGemma counts from 1
      [1, count],
    ),
    num_logits_to_keep: int64([1], []),
    ...past,
  });
  seen += count;
  const token = logits.data.reduce((best, logit, id, all) => (logit > all[best] ? id : best), 0);
  if (token === config.eos_token_id) break;
  answer.push(token);
  embeds = await embedded([token]);
  past = Object.fromEntries(
    Object.entries(present).map(([name, cache]) => [name.replace("present", "past_key_values"), cache]),
  );
}
console.log(tokenizer.decode(answer, { skip_special_tokens: true }).trim());
