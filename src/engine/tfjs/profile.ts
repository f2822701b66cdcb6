import { flopsOf } from "../../graph/cost.ts";
import { blockProductOp } from "../../graph/ops/block-product.ts";
import { matmulOp } from "../../graph/ops/matmul.ts";
import { monotonicSeconds } from "../../util/clock.ts";
import type { Program } from "../engine.ts";
import { formatShapes, type OperatorTrace, type RunTrace } from "../profile-trace.ts";
import type { OnKernel } from "./program.ts";

/** A program that notes what its kernels take; its runs must not overlap. */
export function tracedProgram(
  compile: (onKernel: OnKernel | undefined) => Program,
  onKernel: OnKernel | undefined,
): Program {
  const runs: RunTrace[] = [];
  let operators: OperatorTrace[] | undefined;
  let began = 0;
  const program = compile((op, milliseconds, node) => {
    onKernel?.(op, milliseconds, node);
    const seconds = milliseconds / 1000;
    operators?.push({
      operator: op,
      shapes: formatShapes(
        node.inputs.map(({ type }) => type.shape),
        [node.type.shape],
      ),
      flops: node.op === matmulOp || node.op === blockProductOp ? flopsOf(node) : 0,
      start: monotonicSeconds() - seconds - began,
      seconds,
    });
  });
  let hasEnded = false;
  return {
    ...program,
    async run(feeds, into) {
      if (hasEnded) return program.run(feeds, into);
      const own: OperatorTrace[] = [];
      [operators, began] = [own, monotonicSeconds()];
      try {
        return await program.run(feeds, into);
      } finally {
        runs.push({ seconds: monotonicSeconds() - began, operators: own });
        operators = undefined;
      }
    },
    endTrace() {
      hasEnded = true;
      return runs.splice(0);
    },
  };
}
