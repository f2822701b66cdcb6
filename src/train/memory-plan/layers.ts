import type { Bytes, Course, Moment } from "../../engine/memory-kinds.ts";
import { DX, graphKey, type Link, X, Y } from "../../graph/chain.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Type } from "../../graph/node.ts";
import { bytesOf, totalFlops } from "../../graph/print.ts";
import { linkName } from "../link-name.ts";
import { compiledGraph, type PlannedEngine, type ProgramMemory, programMemory } from "./program-memory.ts";

/**
 * The course of a step that is one program a layer, as layered-loss.ts goes through it.
 * @param keeps links of which the way back finds what it reads
 * @param standing what lies beside it all the time
 * @param vocabulary columns of the logits
 */
export function layeredCourse(
  chain: readonly Link[],
  keeps: ReadonlySet<Link>,
  engine: PlannedEngine,
  standing: Bytes,
  vocabulary: number,
): Course {
  const programs = programsOf(chain, engine, vocabulary);
  const held = poolBytes(chain, keeps);
  const moments = visits(chain, keeps).map(({ link, way, pass, live }): Moment => {
    const program = programs.of(link[way]!);
    const residuals = live;
    const { work, logits } = program;
    const workspace = work - logits + program.standing + program.results;
    const others = programs.waiting - (program.stays ? program.work + program.standing : 0);
    const bytes = { ...standing, residuals, logits, workspace, waiting: others + Math.max(0, held - live) };
    return { layer: linkName(link), pass, bytes };
  });
  const sum = (pass: Moment["pass"]) =>
    visits(chain, keeps).reduce(
      (flops, each) => flops + (each.pass === pass ? totalFlops(each.link[each.way]!) : 0),
      0,
    );
  return {
    moments,
    buffers: held,
    flops: { forward: sum("forward"), backward: sum("backward"), recomputation: sum("recomputation") },
  };
}

/** Bytes that programs of the chain have for themselves at most, whichever residuals are kept. */
export function programBytes(chain: readonly Link[], engine: PlannedEngine): number {
  const programs = programsOf(chain, engine, 0);
  const running = chain.flatMap(({ forward, backward }) =>
    [forward, backward].flatMap((graph) => {
      if (!graph) return [];
      const { work, standing, results, stays } = programs.of(graph);
      return [(stays ? 0 : work + standing) + results];
    }),
  );
  return programs.waiting + Math.max(...running);
}

interface ChainProgram extends ProgramMemory {
  /** Of its work, logits and what else has their size. */
  readonly logits: number;
  /** Whether it stays after a run: more than one link is gone through with it. */
  readonly stays: boolean;
}

function programsOf(chain: readonly Link[], engine: PlannedEngine, vocabulary: number) {
  const graphs = chain.flatMap(({ forward, backward }) => (backward ? [forward, backward] : [forward]));
  const keys = new Map(graphs.map((graph) => [graph, graphKey(graph)]));
  const uses = new Map<string, number>();
  for (const key of keys.values()) uses.set(key, (uses.get(key) ?? 0) + 1);
  const planned = new Map<string, ChainProgram>();
  for (const [graph, key] of keys) {
    if (planned.has(key)) continue;
    let logits = 0;
    const memory = programMemory(compiledGraph(graph, engine), engine, (_node, alive) => {
      let bytes = 0;
      for (const { type } of alive) if (type.shape.at(-1) === vocabulary) bytes += bytesOf(type);
      logits = Math.max(logits, bytes);
    });
    planned.set(key, { ...memory, logits: Math.min(logits, memory.work), stays: memory.keeps && uses.get(key)! > 1 });
  }
  return {
    of: (graph: Graph) => planned.get(keys.get(graph)!)!,
    /** Bytes of all programs that stay. */
    waiting: [...planned.values()].reduce((sum, { work, standing, stays }) => sum + (stays ? work + standing : 0), 0),
  };
}

interface Visit {
  readonly link: Link;
  readonly way: "forward" | "backward";
  readonly pass: Moment["pass"];
  /** Bytes between programs that are taken while this one runs. */
  readonly live: number;
}

const bytesOfAll = (types: Iterable<Type>) => [...types].reduce((sum, type) => sum + bytesOf(type), 0);
const valueBytes = ({ forward }: Link) => bytesOf(forward.outputs.get(Y)!.type);
const keptBytes = ({ kept }: Link) => bytesOfAll(kept.values());

/** Each run of a step in its order, with the bytes that are taken between programs. */
function visits(chain: readonly Link[], keeps: ReadonlySet<Link>): Visit[] {
  const made: Visit[] = [];
  let live = 0;
  const below = (link: Link) => bytesOfAll(link.forward.inputs.has(X) ? [link.forward.inputs.get(X)!] : []);
  for (const link of chain) {
    live += valueBytes(link) + keptBytes(link);
    made.push({ link, way: "forward", pass: "forward", live });
    if (!keeps.has(link)) live -= keptBytes(link);
    if (!link.backward) live -= below(link);
  }
  live -= valueBytes(chain.at(-1)!);
  for (const link of chain.filter(({ backward }) => backward).toReversed()) {
    if (!keeps.has(link)) {
      const again = valueBytes(link) + keptBytes(link);
      made.push({ link, way: "forward", pass: "recomputation", live: live + again });
      live += keptBytes(link);
    }
    const dx = link.backward!.outputs.get(DX)?.type;
    live += dx ? bytesOf(dx) : 0;
    made.push({ link, way: "backward", pass: "backward", live });
    live -= keptBytes(link) + below(link) + (link === chain.at(-1) ? 0 : valueBytes(link));
  }
  return made;
}

/** What the pool of buffers holds after a step: it keeps as many of each size as were ever taken at once. */
export function poolBytes(chain: readonly Link[], keeps: ReadonlySet<Link>): number {
  const taken = new Map<number, { now: number; most: number }>();
  const take = (type: Type | undefined, count = 1) => {
    if (!type) return;
    const entry = taken.get(bytesOf(type)) ?? { now: 0, most: 0 };
    entry.now += count;
    entry.most = Math.max(entry.most, entry.now);
    taken.set(bytesOf(type), entry);
  };
  const takeKept = (link: Link, count: number) => {
    for (const type of link.kept.values()) take(type, count);
  };
  const resultOf = ({ forward }: Link) => forward.outputs.get(Y)!.type;
  const inputOf = ({ forward }: Link) => forward.inputs.get(X);
  for (const link of chain) {
    take(resultOf(link));
    takeKept(link, 1);
    if (!keeps.has(link)) takeKept(link, -1);
    if (!link.backward) take(inputOf(link), -1);
  }
  take(resultOf(chain.at(-1)!), -1);
  for (const link of chain.filter(({ backward }) => backward).toReversed()) {
    if (!keeps.has(link)) {
      take(resultOf(link));
      takeKept(link, 1);
      take(resultOf(link), -1);
    }
    take(link.backward!.outputs.get(DX)?.type);
    takeKept(link, -1);
    take(inputOf(link), -1);
    if (link !== chain.at(-1)) take(resultOf(link), -1);
  }
  return [...taken].reduce((sum, [bytes, { most }]) => sum + bytes * most, 0);
}
