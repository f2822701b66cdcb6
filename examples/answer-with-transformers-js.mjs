// node examples/answer-with-transformers-js.mjs FOLDER IMAGE ENTITY
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { AutoProcessor, env, PaliGemmaForConditionalGeneration, RawImage } from "@huggingface/transformers";

const [folder, photograph, entity] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = `${dirname(resolve(folder))}/`;
const id = basename(resolve(folder));

const processor = await AutoProcessor.from_pretrained(id);
const model = await PaliGemmaForConditionalGeneration.from_pretrained(id, { dtype: "fp32" });
const { asked } = JSON.parse(await readFile(join(folder, "export.json"), "utf8")); // how the run was trained to be asked
const prompt = asked.prompt.replaceAll("{entity}", entity.replaceAll("_", " "));
const inputs = await processor(await RawImage.read(photograph), `<image>${prompt}`); // without <image> it would count images wrong
const ids = await model.generate({ ...inputs, max_new_tokens: asked.max_new_tokens });
const answer = ids.slice(null, [inputs.input_ids.dims.at(-1), null]);
console.log(processor.batch_decode(answer, { skip_special_tokens: true })[0].trim());
