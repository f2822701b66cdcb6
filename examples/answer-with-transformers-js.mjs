// node examples/answer-with-transformers-js.mjs FOLDER IMAGE ENTITY
import { basename, dirname, resolve } from "node:path";
import { AutoProcessor, env, PaliGemmaForConditionalGeneration, RawImage } from "@huggingface/transformers";

const [folder, photograph, entity] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = `${dirname(resolve(folder))}/`;
const id = basename(resolve(folder));

const processor = await AutoProcessor.from_pretrained(id);
const model = await PaliGemmaForConditionalGeneration.from_pretrained(id, { dtype: "fp32" });
const prompt = `<image>answer en What is the ${entity.replaceAll("_", " ")}?`; // without <image> it would count images wrong
const inputs = await processor(await RawImage.read(photograph), prompt);
const ids = await model.generate({ ...inputs, max_new_tokens: 20 });
const answer = ids.slice(null, [inputs.input_ids.dims.at(-1), null]);
console.log(processor.batch_decode(answer, { skip_special_tokens: true })[0].trim());
