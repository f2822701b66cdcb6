import { allocate, BYTES_PER_ELEMENT, type DType, type Shape, sizeOf, type Tensor } from "./tensor.ts";

/** Memory for tensors that come and go: what is given back is taken again, so that a step needs none of its own. */
export interface BufferPool {
  /** A tensor of whatever numbers lay there before. */
  take(type: TensorType): Tensor;
  give(tensor: Tensor): void;
  /** Lets go of what was not taken since the last call. */
  trim(): void;
  /** Bytes it holds, taken or not. */
  readonly bytes: number;
}

interface Block {
  readonly memory: ArrayBuffer;
  unused: boolean;
}

export function bufferPool(): BufferPool {
  const free = new Map<number, Block[]>();
  const all = new Map<ArrayBuffer, Block>();
  return {
    take({ dtype, shape }) {
      const size = blockBytes({ dtype, shape });
      const block = free.get(size)?.pop() ?? { memory: new ArrayBuffer(size), unused: false };
      block.unused = false;
      all.set(block.memory, block);
      return { dtype, shape, data: viewOf(dtype, block.memory, sizeOf(shape)) };
    },
    give({ data: { buffer } }) {
      const block = all.get(buffer as ArrayBuffer)!;
      const others = free.get(buffer.byteLength);
      if (others) others.push(block);
      else free.set(buffer.byteLength, [block]);
    },
    trim() {
      for (const [size, blocks] of free) {
        const used = blocks.filter(({ unused }) => !unused);
        for (const { memory } of blocks.filter(({ unused }) => unused)) all.delete(memory);
        for (const block of used) block.unused = true;
        if (used.length > 0) free.set(size, used);
        else free.delete(size);
      }
    },
    get bytes() {
      return [...all.keys()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    },
  };
}

interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * Bytes that a tensor takes of the pool, rounded up to 6 binary digits, at most 3 %: tensors for texts of nearly one length share
 * memory. What is never touched costs none.
 */
export function blockBytes({ dtype, shape }: TensorType): number {
  const bytes = sizeOf(shape) * BYTES_PER_ELEMENT[dtype];
  const unit = 2 ** Math.max(3, Math.floor(Math.log2(Math.max(1, bytes))) - 5);
  return Math.ceil(bytes / unit) * unit;
}

function viewOf<D extends DType>(dtype: D, memory: ArrayBuffer, length: number): Tensor<D>["data"] {
  const View = allocate(dtype, 0).constructor as new (memory: ArrayBuffer, at: number, length: number) => never;
  return new View(memory, 0, length);
}
