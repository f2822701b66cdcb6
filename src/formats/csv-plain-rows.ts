import { BOUNDS, loadCsvKernel, WINDOW } from "./csv-kernel.ts";

/** Finds the rows of some bytes that need no judgement: those that the {@link CsvKernel} calls plain. */
export interface PlainRows {
  /**
   * How many there are at `at`, where a row of `width` cells begins: 0 before any other row, and before one that ends
   * behind the kernel's window. From call to call `at` grows.
   */
  count(at: number, width: number): number;
  /** Where their cells begin and end, i32 [row,width,2]; to be copied before anyone counts again. */
  readonly bounds: Int32Array;
}

/**
 * The window belongs to whoever was called last: one stretch of bytes is to be read before the next.
 * @returns what finds none where WebAssembly has no vectors
 */
export function loadPlainRows(): (bytes: Uint8Array) => PlainRows | undefined {
  const kernel = loadCsvKernel();
  if (!kernel) return () => undefined;
  const window = new Uint8Array(kernel.memory.buffer, 0, WINDOW);
  const bounds = new Int32Array(kernel.memory.buffer, BOUNDS);
  return (bytes) => {
    let [begin, end] = [0, 0];
    return {
      bounds,
      count(at, width) {
        if (at >= end) {
          begin = at;
          end = Math.min(at + WINDOW, bytes.length);
          window.set(bytes.subarray(begin, end));
        }
        return (kernel.read(at - begin, end - begin, begin, width) - BOUNDS) / (8 * width);
      },
    };
  };
}
