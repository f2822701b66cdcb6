import { f16ToF32, f32ToF16 } from "../../formats/half.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Float64Tensor, Node } from "../../graph/node.ts";
import { inputName, inputOp } from "../../graph/ops/source.ts";
import { allocate, type Tensor } from "../../util/tensor.ts";
import { checkFeeds, type Engine, type Program, type Tensors } from "../engine.ts";

/**
 * Evaluates a graph by each op's float64 definition; slow, and right by construction. A value of type f16 is rounded to
 * half, so that what overflows there overflows here.
 */
export function evaluate(graph: Graph, feeds: Readonly<Record<string, Float64Tensor>>): Record<string, Float64Tensor> {
  const values = new Map<Node, Float64Tensor>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values.get(input)!);
    const value = node.op === inputOp ? feeds[inputName(node)]! : node.op.reference(inputs, node.attrs);
    values.set(node, node.type.dtype === "f16" ? roundToHalf(value) : value);
  }
  return Object.fromEntries([...graph.outputs].map(([name, node]) => [name, values.get(node)!]));
}

function roundToHalf({ shape, data }: Float64Tensor): Float64Tensor {
  return { shape, data: Float64Array.from(f16ToF32(f32ToF16(Float32Array.from(data)))) };
}

/** The engine that judges the others. */
export const referenceEngine: Engine = {
  name: "reference",
  async compile(graph: Graph, weights: Tensors = {}): Promise<Program> {
    return {
      graph,
      async run(feeds, into = {}) {
        checkFeeds(graph, weights, feeds, into);
        const wide = Object.fromEntries(
          Object.entries({ ...weights, ...feeds }).map(([name, value]) => [name, widen(value)]),
        );
        const results = evaluate(graph, wide);
        return Object.fromEntries(
          Object.entries(results).map(([name, result]) => [
            name,
            narrow(result, graph.outputs.get(name)!.type.dtype, into[name]),
          ]),
        );
      },
      async release() {},
    };
  },
};

function widen({ dtype, shape, data }: Tensor): Float64Tensor {
  const numbers = dtype === "f16" ? f16ToF32(data as Uint16Array) : (data as Float32Array);
  return { shape, data: Float64Array.from(numbers, Number) };
}

function narrow({ shape, data }: Float64Tensor, dtype: Tensor["dtype"], into: Tensor | undefined): Tensor {
  const target = into?.data ?? allocate(dtype, data.length);
  if (target instanceof BigInt64Array) target.set(BigInt64Array.from(data, BigInt));
  else if (dtype === "f16") f32ToF16(Float32Array.from(data), target as Uint16Array);
  else target.set(data);
  return into ?? { dtype, shape, data: target };
}
