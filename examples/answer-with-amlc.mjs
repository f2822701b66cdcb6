// node examples/answer-with-amlc.mjs RUN IMAGE ENTITY
import { load } from "amlc";

const [path, image, entity] = process.argv.slice(2);
const model = await load(path); // a run by name or path, an ONNX folder, or a merged one
const { text, value, confidence } = await model.answer(image, entity);
console.log(text);
console.error(value, `confidence ${confidence.toFixed(3)}`);
await model.release();
