import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate as breathe } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { type RandomState, random } from "../util/random.ts";
import { jumpOver } from "../util/random-words.ts";
import { sizeOf } from "../util/tensor.ts";
import { type Distribution, distributionOf, WORDS_OF } from "./init-weights.ts";
import type { Parameter } from "./layers.ts";
import { type DrawnType, drawPiece, type WeightPiece } from "./weight-piece.ts";

export interface WeightSetting {
  readonly seed: number;
  /** Standard deviation of Gemma's matrices. */
  readonly range: number;
  readonly dtype: DrawnType;
  /** Called with the bytes of each piece that is drawn. */
  readonly onDrawn?: (bytes: number) => void;
  /** When aborted, what is being drawn is given up. */
  readonly signal?: AbortSignal;
}

/** What draws weights: some threads, or this one. */
export interface WeightDrawer extends AsyncDisposable {
  /** A weight's numbers as they lie in a file. @throws the signal's reason when it is aborted */
  draw(parameter: Parameter): Promise<Uint8Array>;
}

/** Numbers that are drawn by one thread in one go. */
const DOUBLINGS = 20;
const PIECE = 2 ** DOUBLINGS;
const WORTH_THREADS = 16 * PIECE;
const PROGRAM = new URL("./weight-thread.js", import.meta.url);

/**
 * Draws weights, each from a stream of its own, so that their order does not matter, nor how many threads there are. Where
 * there are numbers enough a thread for each core takes part; in sources that are not compiled none can be started.
 */
export function startWeightThreads(numbers: number, setting: WeightSetting): WeightDrawer {
  const { dtype, signal, onDrawn } = setting;
  const count = numbers < WORTH_THREADS || !existsSync(PROGRAM) ? 0 : availableParallelism();
  const threads = Array.from({ length: count }, startThread);
  const draws = count === 0 ? [drawHere] : threads.map((thread) => thread.draw);
  return {
    async draw(parameter) {
      const width = dtype === "fp16" ? 2 : 4;
      const bytes = new SharedArrayBuffer(width * sizeOf(parameter.shape));
      const pieces = cutPieces(parameter, bytes, setting);
      const work = async (draw: (piece: WeightPiece) => Promise<void>) => {
        for (const piece of pieces) {
          signal?.throwIfAborted();
          await draw(piece);
          onDrawn?.(width * piece.length);
        }
      };
      await Promise.all(draws.map(work)); // each takes the next piece when it has drawn one
      return new Uint8Array(bytes);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

function* cutPieces(parameter: Parameter, bytes: SharedArrayBuffer, { seed, range, dtype }: WeightSetting) {
  const total = sizeOf(parameter.shape);
  const distribution = distributionOf(parameter, range);
  let { state } = random(seed, `weight ${parameter.name}`);
  for (let begin = 0; begin < total; begin += PIECE) {
    const length = Math.min(PIECE, total - begin);
    yield { bytes, dtype, begin, length, distribution, state } satisfies WeightPiece;
    state = behindPiece(distribution, state);
  }
}

const jumps = new Map<number, (state: RandomState) => RandomState>();

function behindPiece({ kind }: Distribution, state: RandomState): RandomState {
  const words = WORDS_OF[kind];
  if (words === 0) return state;
  const jump = jumps.get(words) ?? jumpOver(DOUBLINGS + Math.log2(words));
  jumps.set(words, jump);
  return jump(state);
}

async function drawHere(piece: WeightPiece): Promise<void> {
  await breathe(); // a signal is not heard otherwise
  drawPiece(piece);
}

function startThread() {
  const worker = new Worker(PROGRAM);
  worker.unref();
  let isClosing = false;
  return {
    /** One piece at a time. */
    draw: (piece: WeightPiece) =>
      new Promise<void>((resolve, reject) => {
        const settle = (end: () => void) => {
          worker.off("message", done).off("error", failed).off("exit", ended);
          if (!isClosing) worker.unref(); // who waits for its end must not find the process gone
          end();
        };
        const done = () => settle(resolve);
        const failed = (error: Error) => settle(() => reject(error));
        const ended = () => failed(new Error("a thread that draws weights has ended"));
        worker.on("message", done).on("error", failed).on("exit", ended).ref();
        worker.postMessage(piece);
      }),
    close: () => {
      isClosing = true;
      return worker.terminate();
    },
  };
}
