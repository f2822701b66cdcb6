import { availableParallelism } from "node:os";
import type * as ort from "onnxruntime-node";
import { totalFlops } from "../../graph/cost.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Tensor } from "../../util/tensor.ts";
import { checkFeeds, type Engine, type Program, type Tensors } from "../engine.ts";
import { ortGraph } from "./compiled-graph.ts";
import { deviceSessions, type Session } from "./device-sessions.ts";
import { type HalfPrecision, measureHalfPrecision } from "./half-precision.ts";
import { createTracedSession, type TracedSession } from "./profile.ts";
import { feedViews, type Views } from "./row-views.ts";
import { createSession } from "./session.ts";
import { fromOrt, mapValues, toOrt } from "./tensors.ts";
import { inHostMemory, inSession, onWebgpuDevice } from "./weights.ts";
import { widenHalves, widenTensor } from "./widen-halves.ts";

export interface OrtOptions {
  /** Execution providers in order of preference; an operator that one lacks falls to the next, and at last to the CPU. */
  readonly providers?: readonly string[];
  /** Threads inside an operator; null: one a core. */
  readonly threads?: number | null;
}

/**
 * Operations from which on a graph is worth more than one thread. Each program has threads of its own, which wait for work by
 * spinning: those of a large one that has just ended stand in the way of a small one (a step of the nano base: 6.6 ms with two
 * threads beside the programs that look and read, 1.5 ms with one).
 */
const WORTH_THREADS = 1e8;

/** onnxruntime-node: the default engine, on the CPU everywhere and on other providers where the user has them. */
export function ortEngine({ providers = ["cpu"], threads = null }: OrtOptions = {}): Engine {
  const isWebgpu = providers[0] === "webgpu";
  const onHost = providers[0] === "cpu"; // of a device's operators onnxruntime times only how long it takes to hand them over
  /** Elsewhere onnxruntime-node keeps nothing on a device but what is a session's own. */
  const held = onHost || isWebgpu ? undefined : deviceSessions();
  const bind = isWebgpu ? onWebgpuDevice(providers) : held ? inSession : inHostMemory;
  let halves: Promise<HalfPrecision> | undefined;
  /** Whether halves must be float32 on the device. */
  async function mustWiden(graph: Graph): Promise<boolean> {
    if (!isWebgpu || graph.nodes.every(({ type }) => type.dtype !== "f16")) return false;
    const measured = halves ?? measureHalfPrecision(providers);
    halves = measured;
    measured.catch(() => {
      halves = undefined; // asked again next time
    });
    return (await measured) === "none";
  }

  return {
    name: "ort",
    readsInPlace: onHost,
    async compile(whole, weights = {}, { traced = false, lean = false } = {}) {
      const { graph, views } = ortGraph(whole, onHost);
      const isWide = await mustWiden(graph);
      const toDevice = isWide ? (value: Tensor) => toOrt(widenTensor(value)) : toOrt;
      // Before there is a session, which a failure would leave open.
      const bound = await bind({ ...weights, ...feedViews(weights, views) }, toDevice);
      const written = isWide ? widenHalves(graph) : graph;
      const options = {
        intraOpNumThreads: totalFlops(graph) < WORTH_THREADS ? 1 : (threads ?? availableParallelism()),
        // An arena never gives back what it took, and finds no room between pieces of other sizes. The system's own memory, though,
        // does not come back while a profile's records lie between its pieces: 0.7 GiB more with each step of 4 layers.
        enableCpuMemArena: !lean || traced,
      };
      const create = () => createSession(written, providers, options, held && weights);
      const { session, endTrace }: { session: Session; endTrace?: TracedSession["endTrace"] } =
        traced && onHost
          ? await createTracedSession(written, providers, options)
          : { session: await (held ? held.open(create) : create()) };
      return ortProgram(session, whole, views, weights, bound, toDevice, endTrace);
    },
  };
}

function ortProgram(
  session: Session,
  graph: Graph,
  views: Views,
  weights: Tensors,
  bound: Readonly<Record<string, ort.Tensor>>,
  toDevice: (value: Tensor) => ort.Tensor,
  endTrace?: TracedSession["endTrace"],
): Program {
  return {
    graph,
    async run(feeds, into = {}) {
      checkFeeds(graph, weights, feeds, into);
      const fetches = Object.fromEntries(
        [...graph.outputs.keys()].map((name) => [name, into[name] ? toOrt(into[name]) : null]),
      );
      const fed = mapValues({ ...feeds, ...feedViews(feeds, views) }, toDevice);
      const results = await session.run({ ...bound, ...fed }, fetches);
      return mapValues(results, (value, name) => into[name] ?? fromOrt(value));
    },
    async release() {
      endTrace?.();
      await session.release();
    },
    ...(endTrace && { endTrace }),
  };
}
