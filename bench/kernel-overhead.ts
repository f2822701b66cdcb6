import { ortEngine } from "../src/engine/ort/ort.ts";
import { tfjsEngine } from "../src/engine/tfjs/tfjs.ts";
import { makeGraph } from "../src/graph/graph.ts";
import type { Node } from "../src/graph/node.ts";
import { add, input } from "../src/graph/ops/index.ts";
import { tensor } from "../src/util/tensor.ts";

/** What a kernel costs that has nothing to do: a chain of additions of two scalars. Microseconds for each, as JSON. */
const LENGTH = 5000;
const [x, y] = ["x", "y"].map((name) => input(name, "f32", []));
let sum: Node = x;
for (let i = 0; i < LENGTH; i++) sum = add(sum, y);
const graph = makeGraph({ sum });
const one = tensor("f32", [], Float32Array.of(1));

const overheads: Record<string, number> = {};
for (const [name, engine] of [
  ["ort", ortEngine({ threads: 1 })],
  ["tfjs tensorflow", await tfjsEngine({ backend: "tensorflow" })],
  ["tfjs wasm", await tfjsEngine({ backend: "wasm" })],
] as const) {
  const program = await engine.compile(graph);
  await program.run({ x: one, y: one });
  const start = performance.now();
  await program.run({ x: one, y: one });
  overheads[name] = (1000 * (performance.now() - start)) / LENGTH;
}
process.stdout.write(`${JSON.stringify(overheads)}\n`);
process.exit();
