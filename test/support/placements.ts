import { type Placement, runProfiled } from "../../src/engine/ort/placements.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Node } from "../../src/graph/node.ts";
import { allOps } from "../../src/graph/ops/index.ts";
import { applyToInputs, drawInputs, toFeeds } from "../../src/graph/samples.ts";
import type { Tensor } from "../../src/util/tensor.ts";

/**
 * Where each ONNX operator that amlc's ops are written with runs, as onnxruntime's own profile tells it. MemcpyToHost and
 * MemcpyFromHost are the copies around operators that no other provider than the CPU has.
 * @throws InputError when the providers cannot be used here
 */
export async function operatorPlacements(providers: readonly string[]): Promise<Placement[]> {
  const outputs: Record<string, Node> = {};
  const feeds: Record<string, Tensor> = {};
  for (const op of allOps) {
    for (const sample of op.samples) {
      const name = `${op.name}, ${sample.label}`;
      const drawn = drawInputs(sample).map((input) => ({ ...input, name: `${name}, ${input.name}` }));
      outputs[name] = applyToInputs(op, sample, drawn).y;
      Object.assign(feeds, toFeeds(drawn));
    }
  }
  return (await runProfiled(makeGraph(outputs), providers, feeds)).placements;
}
