import { createRequire } from "node:module";
import { type MessagePort, Worker } from "node:worker_threads";
import type { Sharp, SharpOptions } from "sharp";
import { limitConcurrency } from "../util/concurrency.ts";
import { type Pass, planResize } from "./bicubic.ts";
import { type BicubicKernel, compileBicubicKernel } from "./bicubic-kernel.ts";
import {
  type ImageSize,
  type ImageSource,
  LARGE_PIXELS,
  nameOfImage,
  OPEN_OPTIONS,
  readImageSize,
  unreadable,
} from "./image-file.ts";

/** Threads that decode and resize; they do not keep the process alive when idle. */
export interface ImageThreads {
  /**
   * An image as a square of planes red, green and blue, u8 [3,S,S], as transformers' processor makes it with Pillow: not
   * turned by EXIF, without colour profile, what is transparent over white. (CMYK and 16-bit grey go by libvips's better
   * formulas.)
   * @throws BadRowError when the file is missing, too large, cut short or no photograph.
   */
  load(image: ImageSource, size: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface Task extends ImageSize {
  readonly id: number;
  readonly image: ImageSource;
  readonly passes: readonly Pass[];
}

type Done = { readonly id: number } & ({ readonly planes: Uint8Array } | { readonly error: string });

interface Setting {
  readonly kernel: WebAssembly.Module;
  readonly options: SharpOptions;
}

/** Starts a pool of `count` threads, and for large images one beside it, one after the other. */
export function startImageThreads(count: number): ImageThreads {
  const setting: Setting = { kernel: compileBicubicKernel(), options: OPEN_OPTIONS };
  const threads = Array.from({ length: count }, () => startThread(setting));
  const limitLarge = limitConcurrency(1);
  let alone: ReturnType<typeof startThread> | undefined;
  let isClosed = false;
  // A thread keeps hundreds of megabytes of a large image until it happens to collect them; its end gives them back at once.
  const runAlone = async (task: Omit<Task, "id">) => {
    if (isClosed) throw new Error(CLOSED);
    alone = startThread(setting);
    try {
      return await alone.run(task);
    } finally {
      await alone.close();
    }
  };
  return {
    async load(image, size) {
      const { width, height } = await readImageSize(image);
      const task = { image, width, height, passes: planResize(width, height, size) };
      if (width * height > LARGE_PIXELS) return limitLarge(() => runAlone(task));
      return threads.reduce((a, b) => (b.pending.size < a.pending.size ? b : a)).run(task);
    },
    async close() {
      isClosed = true;
      await Promise.all([...threads, ...(alone ? [alone] : [])].map((thread) => thread.close()));
    },
  };
}

const CLOSED = "the threads that read images are closed";

interface Pending {
  readonly name: string;
  readonly resolve: (planes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

function startThread(setting: Setting) {
  // The thread's program is the text of one function: no file to find, be it in src/, in dist/ or in a bundle.
  const sharp = JSON.stringify(createRequire(import.meta.url).resolve("sharp"));
  const program = `(${serve})(require("node:worker_threads"), require(${sharp}))`;
  // Without the process's own flags: under --input-type=module the text would be taken for a module.
  const worker = new Worker(program, { eval: true, workerData: setting, execArgv: [] });
  const pending = new Map<number, Pending>();
  let count = 0;
  let ended = false;
  const settle = (id: number, end: (task: Pending) => void) => {
    const task = pending.get(id);
    pending.delete(id);
    // Who waits for the thread's end must not find the process gone, where an answer was on its way.
    if (pending.size === 0 && !ended) worker.unref();
    if (task) end(task);
  };
  const fail = (error: Error) => {
    ended = true;
    for (const id of [...pending.keys()]) settle(id, (task) => task.reject(error));
  };
  worker.on("message", (done: Done) =>
    settle(done.id, ({ name, resolve, reject }) =>
      "planes" in done ? resolve(done.planes) : reject(unreadable(name, done.error)),
    ),
  );
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("a thread that reads images has ended")));
  worker.unref();
  return {
    pending,
    run(task: Omit<Task, "id">): Promise<Uint8Array> {
      return new Promise((resolve, reject) => {
        if (ended) throw new Error(CLOSED);
        pending.set(count, { name: nameOfImage(task.image), resolve, reject });
        worker.ref();
        worker.postMessage({ ...task, id: count++ } satisfies Task);
      });
    },
    async close() {
      ended = true;
      await worker.terminate();
    },
  };
}

/** Runs in the thread, and may therefore use nothing from around it but its arguments and globals. */
function serve(
  { parentPort, workerData }: { parentPort: MessagePort; workerData: Setting },
  sharp: (image: ImageSource, options: SharpOptions) => Sharp,
): void {
  const LARGE = 128 * 2 ** 20; // bytes; memory of a WebAssembly instance never shrinks
  let kernel = instantiate();

  parentPort.on("message", async ({ id, image: source, width, height, passes }: Task) => {
    try {
      const image = sharp(source, workerData.options).toColourspace("srgb").raw();
      const { data, info } = await image.toBuffer({ resolveWithObject: true });
      if (info.width !== width || info.height !== height || info.channels < 3) throw new Error("its header lies");
      const planes = resize(info.channels > 3 ? overWhite(data, info.channels) : data, passes);
      parentPort.postMessage({ id, planes } satisfies Done, [planes.buffer]);
    } catch (error) {
      parentPort.postMessage({ id, error: (error as Error).message } satisfies Done);
    }
    if (kernel.memory.buffer.byteLength > LARGE) kernel = instantiate();
  });

  function instantiate(): BicubicKernel {
    return new WebAssembly.Instance(workerData.kernel).exports as BicubicKernel;
  }

  /** Rounds as Pillow's `alpha_composite` does over white. sharp's `flatten` cuts off: half of the pixels are then 1 lower. */
  function overWhite(pixels: Uint8Array, channels: number): Uint8Array {
    const colours = new Uint8Array((pixels.length / channels) * 3);
    for (let from = 0, to = 0; from < pixels.length; from += channels, to += 3) {
      const alpha = pixels[from + 3];
      for (let c = 0; c < 3; c++) colours[to + c] = Math.round(255 + ((pixels[from + c] - 255) * alpha) / 255);
    }
    return colours;
  }

  /** Memory holds the image, then for each pass its table and its result. */
  function resize(image: Uint8Array, passes: readonly Pass[]): Uint8Array<ArrayBuffer> {
    const imageBytes = 4 * Math.ceil(image.byteLength / 4) + 4; // 4 bytes are read at each pixel of 3, the last one too
    const bytes = passes.reduce((n, p) => n + p.table.byteLength + 4 * p.width * p.height, imageBytes);
    const short = bytes - kernel.memory.buffer.byteLength;
    if (short > 0) kernel.memory.grow(Math.ceil(short / 65536));
    const memory = new Uint8Array(kernel.memory.buffer);
    memory.set(image);
    let source = 0;
    let free = imageBytes;
    for (const { horizontal, width, height, pixel, stride, table } of passes) {
      memory.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), free);
      const entry = table.byteLength / (horizontal ? width : height);
      const target = free + table.byteLength;
      for (let y = 0; y < height; y++) {
        const [at, end] = [target + y * 4 * width, target + (y + 1) * 4 * width];
        if (horizontal) kernel.blend(at, end, source + y * stride, 0, pixel, free, entry);
        else kernel.blend(at, end, source, pixel, stride, free + y * entry, 0);
      }
      source = target;
      free = target + 4 * width * height;
    }
    return toPlanes(memory.subarray(source, free));
  }

  /** Colours side by side, 4 bytes a pixel → one plane after the other. */
  function toPlanes(pixels: Uint8Array): Uint8Array<ArrayBuffer> {
    const count = pixels.length / 4;
    const planes = new Uint8Array(3 * count);
    for (let i = 0; i < count; i++) {
      planes[i] = pixels[4 * i];
      planes[count + i] = pixels[4 * i + 1];
      planes[2 * count + i] = pixels[4 * i + 2];
    }
    return planes;
  }
}
