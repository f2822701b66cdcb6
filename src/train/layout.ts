import { type Shape, sizeOf, type Tensor, tensor } from "../util/tensor.ts";

/** Where a trained tensor lies. */
export interface Place {
  /** Graph input. */
  readonly name: string;
  readonly shape: Shape;
  readonly start: number;
}

/** Trained tensors in one vector of all their numbers: the optimiser then is one loop. */
export interface Layout<P extends Place = Place> {
  readonly places: readonly P[];
  readonly size: number;
}

/** One tensor behind the other. */
export function layOut<T extends Omit<Place, "start">>(tensors: readonly T[]): Layout<T & Place> {
  let size = 0;
  const places = tensors.map((each) => {
    const start = size;
    size += sizeOf(each.shape);
    return { ...each, start };
  });
  return { places, size };
}

/** Views of a vector by graph input; no number is copied. */
export function viewByInput({ places }: Layout, vector: Float32Array): Record<string, Tensor<"f32">> {
  return Object.fromEntries(
    places.map(({ name, shape, start }) => [name, tensor("f32", shape, vector.subarray(start, start + sizeOf(shape)))]),
  );
}

/** The vector of tensors by graph input. */
export function pack({ places, size }: Layout, tensors: Readonly<Record<string, Tensor>>): Float32Array {
  const vector = new Float32Array(size);
  for (const { name, start } of places) vector.set(tensors[name]!.data as Float32Array, start);
  return vector;
}
