import {
  encodeOnnx,
  type OnnxModel,
  type OnnxNode,
  type OnnxNodeAttribute,
  type OnnxTensor,
} from "../../formats/onnx.ts";
import { type Graph, LARGEST_COMPARED_CONSTANT } from "../../graph/graph.ts";
import type { Node, OnnxEmitter, Type } from "../../graph/node.ts";
import { ONNX_DTYPE } from "../../graph/ops/onnx-values.ts";
import { bytesOf, type Tensor } from "../../util/tensor.ts";
import { axisOf, type OpenSize, writeSizes } from "./open-sizes.ts";
import { PLAIN_FORMS } from "./plain-forms.ts";

/** Operator sets: opset 21 has Gelu and LayerNormalization; com.microsoft is onnxruntime's own (FusedMatMul, RotaryEmbedding). */
const OPSETS = { "": 21, "com.microsoft": 1 } as const;

/** Operators of onnxruntime's own that have a plain form. */
export type PlainOperator = keyof typeof PLAIN_FORMS;

export interface LowerOptions {
  /** Operators that the target has no kernel for, to be written in those of the ONNX standard. */
  readonly lacks?: readonly PlainOperator[] | undefined;
  /** Sizes that only a run knows. */
  readonly openSizes?: readonly OpenSize[];
  /** Inputs that the model holds itself, each as external data in a file of its name. */
  readonly held?: Readonly<Record<string, Tensor>>;
}

/** Writes a graph as an ONNX model for onnxruntime: each op's record says how it is lowered. */
export function toOnnx(graph: Graph, options: LowerOptions = {}): Uint8Array {
  return encodeOnnx(lower(graph, "amlc", options));
}

export function lower(
  graph: Graph,
  name: string,
  { lacks = [], openSizes = [], held = {} }: LowerOptions = {},
): OnnxModel {
  const types = new Map<string, Type>();
  const { emit, nodes, initializers } = startEmitting(types, lacks, openSizes);
  const value = (name: string, { dtype, shape }: Type) => ({
    name,
    dataType: ONNX_DTYPE[dtype],
    dims: shape.map((size) => axisOf(size, openSizes)),
  });
  const names = new Map<Node, string>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => names.get(input)!);
    const written = node.op.onnx(
      emit,
      inputs,
      node.attrs,
      node.inputs.map((input) => input.type),
    );
    names.set(node, written);
    types.set(written, node.type);
  }
  const outputs = [...graph.outputs].map(([output, node]) => {
    nameOutput(nodes, names, node, output);
    return value(output, node.type);
  });
  return {
    name,
    nodes,
    initializers: [...initializers, ...Object.entries(held).map(external)],
    inputs: [
      ...[...graph.inputs].flatMap(([input, type]) => (Object.hasOwn(held, input) ? [] : [value(input, type)])),
      ...openSizes.flatMap(({ reads }) => (reads ? [value(reads.name, reads)] : [])),
    ],
    outputs,
    opsets: OPSETS,
  };
}

function external([name, { dtype, shape, data }]: [string, Tensor]): OnnxTensor {
  const rawData = { location: name, offset: 0, length: data.byteLength };
  return { name, dataType: ONNX_DTYPE[dtype], dims: shape, rawData };
}

/**
 * Gives a value the name of a graph output: onnxruntime then computes it in the output's own memory. What is fed, constant or
 * an output already gets a second name by way of an Identity.
 */
function nameOutput(nodes: OnnxNode[], names: Map<Node, string>, node: Node, output: string): void {
  const name = names.get(node)!;
  const maker = nodes.findIndex((each) => each.output.includes(name));
  const isTaken = maker < 0 || nodes[maker]!.name !== name;
  if (isTaken) {
    nodes.push({ input: [name], output: [output], name: output, opType: "Identity", domain: "", attribute: [] });
    return;
  }
  const rename = (each: string) => (each === name ? output : each);
  nodes.forEach((each, i) => {
    if (i !== maker && !each.input.includes(name)) return;
    nodes[i] = { ...each, input: each.input.map(rename), output: each.output.map(rename) };
  });
  for (const [other, itsName] of names) if (itsName === name) names.set(other, output);
}

/** An emitter that writes each distinct node and small constant once: lowerings may repeat themselves freely. */
function startEmitting(
  types: ReadonlyMap<string, Type>,
  lacks: readonly string[],
  openSizes: readonly OpenSize[],
): { emit: OnnxEmitter; nodes: OnnxNode[]; initializers: OnnxTensor[] } {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const known = new Map<string, string>();
  const once = (key: string, make: () => string): string => {
    const found = known.get(key) ?? make();
    known.set(key, found);
    return found;
  };
  const emit: OnnxEmitter = {
    node: (opType, input, attributes = {}, domain = "") =>
      once(JSON.stringify([opType, input, attributes]), () => {
        if (lacks.includes(opType)) {
          const inputTypes = input.map((name) => types.get(name)!);
          return PLAIN_FORMS[opType as PlainOperator](emit, input, attributes, inputTypes);
        }
        const output = `${opType}_${nodes.length}`;
        nodes.push({
          input,
          output: [output],
          name: output,
          opType,
          domain,
          attribute: Object.entries(attributes).map(attribute),
        });
        return output;
      }),
    constant: (tensor) => {
      const { dtype, shape, data } = tensor;
      const add = () => {
        const name = `constant_${initializers.length}`;
        initializers.push({ name, dataType: ONNX_DTYPE[dtype], dims: shape, rawData: bytesOf(data) });
        return name;
      };
      return data.length > LARGEST_COMPARED_CONSTANT
        ? add()
        : once(`${dtype}[${shape}] ${Array.from<unknown>(data as Float32Array)}`, add);
    },
    sizes: (values) => writeSizes(emit, values, openSizes),
  };
  return { emit, nodes, initializers };
}

function attribute([name, value]: [
  string,
  number | string | readonly number[] | { readonly float: number },
]): OnnxNodeAttribute {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  return "float" in value ? { name, type: 1, f: value.float } : { name, type: 7, ints: value };
}
