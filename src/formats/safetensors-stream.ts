import { openFileAtomic } from "../util/files.ts";
import { type Shape, sizeOf } from "../util/tensor.ts";
import type { StoredDType } from "./safetensors-header.ts";
import { encodeHeader } from "./safetensors-write.ts";

/** A tensor whose numbers are yet to come. */
export interface PlannedTensor {
  readonly name: string;
  readonly shape: Shape;
}

/**
 * Writes a file of any size, all of one type, tensor by tensor: each is asked for when its turn has come. Same tensors, same
 * bytes as `encodeSafetensors` gives. The file appears whole or not at all.
 * @param bytesOf a tensor's numbers as they lie in the file
 * @throws InputError when the file cannot be written; whatever `bytesOf` throws
 */
export async function writeSafetensors<T extends PlannedTensor>(
  path: string,
  tensors: readonly T[],
  { dtype, width }: { readonly dtype: StoredDType; readonly width: number },
  bytesOf: (tensor: T) => Promise<Uint8Array>,
): Promise<void> {
  const sorted = tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  let end = 0;
  const entries = sorted.map(({ name, shape }) => {
    const begin = end;
    end += width * sizeOf(shape);
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const header = encodeHeader({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) });
  const file = await openFileAtomic(path, header.length + end);
  try {
    await file.write(header);
    for (const tensor of sorted) {
      const bytes = await bytesOf(tensor);
      const wanted = width * sizeOf(tensor.shape);
      if (bytes.length !== wanted) throw new RangeError(`${tensor.name}: ${bytes.length} bytes, wanted ${wanted}`);
      await file.write(bytes);
    }
    await file.commit();
  } finally {
    await file.discard();
  }
}
