import { openFileAtomic } from "../util/files.ts";
import { type Shape, sizeOf } from "../util/tensor.ts";
import type { StoredDType } from "./safetensors-header.ts";
import { encodeHeader } from "./safetensors-write.ts";

/** A tensor whose numbers are yet to come. */
export interface PlannedTensor {
  readonly name: string;
  readonly shape: Shape;
}

/** How a tensor's numbers lie in the file. */
export interface NumberFormat {
  readonly dtype: StoredDType;
  /** Bytes of a number. */
  readonly width: number;
}

/**
 * Writes a file of any size, all of one type, tensor by tensor: each is asked for when its turn has come. Same tensors, same
 * bytes as `encodeSafetensors` gives. The file appears whole or not at all.
 * @param bytesOf a tensor's numbers as they lie in the file
 * @throws InputError when the file cannot be written; whatever `bytesOf` throws
 */
export function writeSafetensors<T extends PlannedTensor>(
  path: string,
  tensors: readonly T[],
  format: NumberFormat,
  bytesOf: (tensor: T) => Promise<Uint8Array>,
): Promise<void> {
  const sorted = tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return writeMixedSafetensors(path, sorted, () => format, bytesOf);
}

/** The same for tensors of several types, in the order that they have. Whoever orders them sees to it that they are aligned. */
export async function writeMixedSafetensors<T extends PlannedTensor>(
  path: string,
  tensors: readonly T[],
  formatOf: (tensor: T) => NumberFormat,
  bytesOf: (tensor: T) => Promise<Uint8Array>,
): Promise<void> {
  const bytesIn = (tensor: T) => formatOf(tensor).width * sizeOf(tensor.shape);
  let end = 0;
  const entries = tensors.map((tensor) => {
    const begin = end;
    end += bytesIn(tensor);
    return [tensor.name, { dtype: formatOf(tensor).dtype, shape: tensor.shape, data_offsets: [begin, end] }];
  });
  const header = encodeHeader({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) });
  const file = await openFileAtomic(path, header.length + end);
  try {
    await file.write(header);
    for (const tensor of tensors) {
      const bytes = await bytesOf(tensor);
      const wanted = bytesIn(tensor);
      if (bytes.length !== wanted) throw new RangeError(`${tensor.name}: ${bytes.length} bytes, wanted ${wanted}`);
      await file.write(bytes);
    }
    await file.commit();
  } finally {
    await file.discard();
  }
}
