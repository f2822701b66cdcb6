import { type Adapter, type LoraModule, loraNames } from "../model/lora.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../util/tensor.ts";

interface Place {
  readonly path: string;
  readonly matrix: "a" | "b";
  /** Graph input. */
  readonly name: string;
  readonly shape: Shape;
  readonly start: number;
}

/** Where each matrix of an adapter lies in one vector of all its numbers: the optimiser then is one loop. */
export interface AdapterLayout {
  readonly places: readonly Place[];
  readonly size: number;
}

export function layOutAdapter(modules: readonly LoraModule[], rank: number): AdapterLayout {
  let size = 0;
  const place = (path: string, matrix: "a" | "b", shape: Shape): Place => {
    const start = size;
    size += sizeOf(shape);
    return { path, matrix, name: loraNames(path)[matrix], shape, start };
  };
  const places = modules.flatMap(({ path, out, in: width }) => [
    place(path, "a", [rank, width]),
    place(path, "b", [out, rank]),
  ]);
  return { places, size };
}

/** Views of a vector by graph input name; no number is copied. */
export function viewByInput({ places }: AdapterLayout, vector: Float32Array): Record<string, Tensor<"f32">> {
  return Object.fromEntries(
    places.map(({ name, shape, start }) => [name, tensor("f32", shape, vector.subarray(start, start + sizeOf(shape)))]),
  );
}

export function packAdapter({ places, size }: AdapterLayout, adapter: Adapter): Float32Array {
  const vector = new Float32Array(size);
  for (const { path, matrix, start } of places) vector.set(adapter.get(path)![matrix].data, start);
  return vector;
}

/** An adapter whose matrices are views of the vector. */
export function unpackAdapter(layout: AdapterLayout, vector: Float32Array): Adapter {
  const views = viewByInput(layout, vector);
  const paths = layout.places.filter(({ matrix }) => matrix === "a").map(({ path }) => path);
  return new Map(paths.map((path) => [path, { a: views[loraNames(path).a]!, b: views[loraNames(path).b]! }]));
}
