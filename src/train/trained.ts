import type { Tensors } from "../engine/engine.ts";
import {
  type Adapter,
  type LoraBinding,
  type LoraModule,
  loraNames,
  parametersOf,
  viewAdapter,
} from "../model/lora.ts";
import type { Model } from "../model/model.ts";
import { isOfImages, paligemmaParameters } from "../model/paligemma.ts";
import { InputError } from "../util/errors.ts";
import type { Shape } from "../util/tensor.ts";
import { type Layout, layOut, type Place, pack, viewByInput } from "./layout.ts";

/** What is trained of a model. Its tensors are fed at each run; the frozen ones are bound to programs. */
export interface Trained {
  readonly layout: Layout;
  /** What training starts from. */
  readonly values: Float32Array;
  readonly frozen: Tensors;
  /** Of an adapter. */
  readonly lora: LoraBinding | undefined;
}

interface MatrixPlace extends Place {
  readonly path: string;
  readonly matrix: "a" | "b";
}

/** A and B of each adapted layer, in the order of the forward pass. */
export function layOutAdapter(modules: readonly LoraModule[], rank: number): Layout<MatrixPlace> {
  const matrix = (path: string, which: "a" | "b", shape: Shape) => ({
    ...{ path, matrix: which, name: loraNames(path)[which], shape },
  });
  return layOut(
    modules.flatMap(({ path, out, in: width }) => [matrix(path, "a", [rank, width]), matrix(path, "b", [out, rank])]),
  );
}

/** An adapter whose matrices are views of the vector. */
export function unpackAdapter(layout: Layout, vector: Float32Array, modules: readonly LoraModule[]): Adapter {
  const views = viewByInput(layout, vector);
  return new Map(modules.map(({ path }) => [path, { a: views[loraNames(path).a]!, b: views[loraNames(path).b]! }]));
}

/** Trains an adapter; the whole model is frozen. */
export function trainAdapter({ weights }: Pick<Model, "weights">, lora: LoraBinding, adapter: Adapter): Trained {
  const layout = layOutAdapter(lora.modules, lora.rank);
  return { layout, values: pack(layout, viewAdapter(adapter)), frozen: weights, lora };
}

/** Weights of a base can be trained as they are kept. @throws InputError when they are not in float32 */
export function requireTrainable(part: "all" | "vision", { config, dtype }: Pick<Model, "config" | "dtype">): void {
  if (config.blocks) {
    throw new InputError(
      `tune: ${part} wants a base whose weights are whole, and this one is in ${config.blocks.bits} bits`,
      {
        hint: "name the base that it was made from, or tune to lora",
      },
    );
  }
  if (dtype !== "f32") {
    throw new InputError(`tune: ${part} wants weights in float32`, {
      hint: "set engine.weights to fp32, or tune to lora",
    });
  }
}

/**
 * Trains every weight, or those that make image features, and a head beside them, if there is one.
 * @throws InputError when they are not in float32, for what they move by is lost in half precision and in few bits
 */
export function trainWeights(
  part: "all" | "vision",
  { config, dtype, weights }: Pick<Model, "config" | "dtype" | "weights">,
  head: Tensors = {},
): Trained {
  requireTrainable(part, { config, dtype });
  const parameters = parametersOf(paligemmaParameters(config));
  const isTrained = (name: string) => part === "all" || isOfImages(name);
  const heads = Object.entries(head).map(([name, { shape }]) => ({ name, shape }));
  const layout = layOut([...parameters.filter(({ name }) => isTrained(name)), ...heads]);
  const frozen = Object.fromEntries(Object.entries(weights).filter(([name]) => !isTrained(name)));
  return { layout, values: pack(layout, { ...weights, ...head }), frozen, lora: undefined };
}
