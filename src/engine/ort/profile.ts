import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as ort from "onnxruntime-node";
import type { Graph } from "../../graph/graph.ts";
import { sizeOf } from "../../util/tensor.ts";
import { formatShapes, type OperatorTrace, type RunTrace } from "../profile-trace.ts";
import { createSession, type SessionOptions } from "./session.ts";

export interface TracedSession {
  readonly session: ort.InferenceSession;
  /** What each run did, in order. The session goes on unprofiled; called again, this tells of nothing. */
  endTrace(): RunTrace[];
}

/**
 * Compiles a graph with onnxruntime's own profiling. onnxruntime opens the file of its profile when the session is made and
 * fills it when told to end. Its name is removed as soon as it is opened here too, so that a process killed at any moment
 * leaves nothing behind.
 * @throws InputError when one of the providers cannot be used here
 */
export async function createTracedSession(
  graph: Graph,
  providers: readonly string[],
  options: SessionOptions,
): Promise<TracedSession> {
  const folder = mkdtempSync(join(tmpdir(), "amlc-profile-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  let isRemoved = false;
  let file: number;
  let session: ort.InferenceSession;
  try {
    const profiling = { enableProfiling: true, profileFilePrefix: join(folder, "run") };
    session = await createSession(graph, providers, { ...options, ...profiling });
    file = openSync(join(folder, readdirSync(folder)[0]!), "r");
  } catch (error) {
    remove();
    throw error;
  }
  try {
    remove();
    isRemoved = true;
  } catch {
    // Windows keeps the name of a file that is open.
  }

  let hasEnded = false;
  return {
    session,
    endTrace() {
      if (hasEnded) return [];
      hasEnded = true;
      session.endProfiling();
      try {
        return readTrace(linesOf(file));
      } finally {
        closeSync(file);
        if (!isRemoved) remove();
      }
    },
  };
}

type Shapes = readonly Readonly<Record<string, readonly number[]>>[];

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds since the session was made. */
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly op_name: string; readonly input_type_shape: Shapes; readonly output_type_shape: Shapes };
}

/** The lines of an open file: that of a long profile is larger than a string may be. */
function* linesOf(file: number): Generator<string> {
  const chunk = Buffer.alloc(2 ** 20);
  let rest = "";
  for (let at = 0; ; ) {
    const bytes = readSync(file, chunk, 0, chunk.length, at);
    if (bytes === 0) break;
    at += bytes;
    const lines = `${rest}${chunk.toString("latin1", 0, bytes)}`.split("\n"); // names of operators and numbers
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

/** Runs by a profile of onnxruntime, which has an event a line: the operators of a run stand before it. */
export function readTrace(lines: Iterable<string>): RunTrace[] {
  const runs: RunTrace[] = [];
  let nodes: ProfileEvent[] = [];
  for (const line of lines) {
    if (!line.startsWith("{")) continue; // the brackets around all
    const event = JSON.parse(line.replace(/,\s*$/, "")) as ProfileEvent;
    if (event.cat === "Node" && event.name.endsWith("_kernel_time")) nodes.push(event);
    if (event.cat !== "Session" || event.name !== "model_run") continue;
    const operators = nodes.map((node) => readOperator(node, event)).toSorted((a, b) => a.start - b.start);
    runs.push({ seconds: event.dur / MICRO, operators });
    nodes = [];
  }
  return runs;
}

const MICRO = 1e6;

function readOperator({ ts, dur, args }: ProfileEvent, run: ProfileEvent): OperatorTrace {
  const [inputs, outputs] = [shapesOf(args.input_type_shape), shapesOf(args.output_type_shape)];
  return {
    operator: args.op_name,
    shapes: formatShapes(inputs, outputs),
    flops: productFlops(args.op_name, inputs, outputs[0]),
    start: (ts - run.ts) / MICRO,
    seconds: dur / MICRO,
  };
}

const shapesOf = (typed: Shapes) => typed.flatMap((each) => Object.values(each));

type Sizes = readonly number[];

/** Floating point operations of a product by its shapes, which do not say what is transposed; 0 for other operators. */
export function productFlops(operator: string, [a, b]: readonly Sizes[], result: Sizes | undefined): number {
  if (!a || !b || !result) return 0;
  if (/Conv$/.test(operator)) return 2 * sizeOf(result) * sizeOf(b.slice(1)); // weight [out, in / group, ...kernel]
  if (/^MatMul(NBits|Integer)/.test(operator)) return 2 * sizeOf(result) * a.at(-1)!;
  if (!/(MatMul|Gemm)$/.test(operator)) return 0;
  return 2 * sizeOf(result) * summedAxis(a, b, result);
}

/** K of [..,M,K] · [..,K,N] or of a transposed operand: what both have beside M and N. */
function summedAxis(a: Sizes, b: Sizes, result: Sizes): number {
  const [m, n] = [result.at(-2) ?? 1, result.at(-1) ?? 1];
  const beside = (matrix: Sizes, size: number) => (matrix.at(-1)! * (matrix.at(-2) ?? size)) / size;
  const [ofA, ofB] = [beside(a, m), beside(b, n)];
  return ofA === ofB ? ofA : a.at(-1)!; // a batch axis may stand among the last two
}
