import type { Engine, Tensors } from "../engine/engine.ts";
import { inPhase } from "../engine/profile-trace.ts";
import { programsBySize } from "../engine/programs.ts";
import type { Graph } from "../graph/graph.ts";
import { LORA_NOISE } from "../model/lora.ts";
import type { BatchShape } from "./loss-graph.ts";
import type { LossInputs, LossPrograms } from "./loss-programs.ts";
import { findOverflow } from "./overflow-probe.ts";

/** Loss and gradient in one program each: what is fastest where the model fits beside what an engine makes of it. */
export function wholeLoss(
  engine: Engine,
  frozen: Tensors,
  graphOf: (shape: BatchShape, differentiate: boolean) => Graph,
): LossPrograms {
  const steps = programsBySize<BatchShape>(engine, frozen, (shape) => graphOf(shape, true));
  const losses = programsBySize<BatchShape>(engine, frozen, (shape) => graphOf(shape, false));
  const feed = ({ inputs }: Graph, { feeds, noise }: LossInputs): Tensors => ({
    ...feeds,
    ...Object.fromEntries(
      [...inputs].filter(([name]) => LORA_NOISE.test(name)).map(([name, type]) => [name, noise(name, type)]),
    ),
  });
  return {
    async differentiate(shape, inputs, into) {
      const program = await steps.get(shape);
      return inPhase(engine, "forward and backward", () => program.run(feed(program.graph, inputs), into));
    },
    async loss(shape, feeds) {
      const outputs = await (await losses.get(shape)).run(feeds);
      return outputs.loss!.data[0] as number;
    },
    async findOverflow(shape, inputs) {
      const { graph } = await steps.get(shape);
      return findOverflow(engine, graph, "loss", frozen, feed(graph, inputs));
    },
    async release() {
      await Promise.all([steps.release(), losses.release()]);
    },
  };
}
