import type { Bytes, Course, Moment } from "../../engine/memory-kinds.ts";
import { DX, graphKey, type Link, roundTrip, X, Y } from "../../graph/chain.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Type } from "../../graph/node.ts";
import { bytesOf, totalFlops } from "../../graph/print.ts";
import { divideChain } from "../joined-links.ts";
import { linkName } from "../link-name.ts";
import { compiledGraph, noiseBytes, type PlannedEngine, type ProgramMemory, programMemory } from "./program-memory.ts";
import { programCourse } from "./whole.ts";

/**
 * The course of a step of several programs, as layered-loss.ts goes through it.
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
  const buffers = poolBytes(chain, keeps);
  const moments = runsOf(chain, keeps, engine, vocabulary).flatMap((run): readonly Moment[] => {
    const { graph, layer, pass, live, program, others } = run;
    const images = standing.images + program.noise;
    const beside = { ...standing, images, residuals: live, waiting: others + Math.max(0, buffers - live) };
    if (pass === "both") {
      return programCourse(compiledGraph(graph, engine), Y, { engine, lean: true, standing: beside, vocabulary });
    }
    const { work, logits, standing: own, results } = program;
    return [{ layer, pass, bytes: { ...beside, logits, workspace: work - logits + own + results } }];
  });
  const again = divideChain(chain, keeps).single.filter(({ backward }) => backward);
  const sum = (graphs: readonly (Graph | null)[]) =>
    graphs.reduce((n, graph) => n + (graph ? totalFlops(graph) : 0), 0);
  const flops = {
    forward: sum(chain.map(({ forward }) => forward)),
    backward: sum(chain.map(({ backward }) => backward)),
    recomputation: sum(again.map(({ forward }) => forward)),
  };
  return { moments, buffers, flops };
}

/** The most bytes that programs of the chain have for themselves at once. */
export function programBytes(chain: readonly Link[], keeps: ReadonlySet<Link>, engine: PlannedEngine): number {
  const runs = runsOf(chain, keeps, engine, 0);
  return Math.max(
    ...runs.map(({ program, others }) => others + program.work + program.standing + program.results + program.noise),
  );
}

interface ChainProgram extends ProgramMemory {
  /** Of its work, logits and what else has their size. */
  readonly logits: number;
  /** Noise that it is fed. */
  readonly noise: number;
}

interface Run extends Visit {
  readonly program: ChainProgram;
  /** Bytes of the other programs, which have no more than their tables between runs. */
  readonly others: number;
}

function runsOf(
  chain: readonly Link[],
  keeps: ReadonlySet<Link>,
  engine: PlannedEngine,
  vocabulary: number,
): readonly Run[] {
  const programOf = programsOf(engine, vocabulary);
  const runs = visits(chain, keeps).map((visit) => ({ ...visit, program: programOf(visit.graph) }));
  const programs = new Set(runs.map(({ program }) => program));
  const tables = [...programs].reduce((sum, { standing }) => sum + standing, 0);
  return runs.map((run) => ({ ...run, others: tables - run.program.standing }));
}

/** What programs take, each graph planned once however many links have its equal. */
function programsOf(engine: PlannedEngine, vocabulary: number): (graph: Graph) => ChainProgram {
  const planned = new Map<string, ChainProgram>();
  const plan = (graph: Graph): ChainProgram => {
    let logits = 0;
    const memory = programMemory(compiledGraph(graph, engine), engine, true, (_node, alive) => {
      let bytes = 0;
      for (const { type } of alive) if (type.shape.at(-1) === vocabulary) bytes += bytesOf(type);
      logits = Math.max(logits, bytes);
    });
    return { ...memory, logits: Math.min(logits, memory.work), noise: noiseBytes(graph) };
  };
  return (graph) => {
    const key = graphKey(graph);
    const known = planned.get(key) ?? plan(graph);
    planned.set(key, known);
    return known;
  };
}

interface Visit {
  readonly graph: Graph;
  readonly layer: string;
  readonly pass: Moment["pass"] | "both";
  /** Bytes between programs that are taken while this one runs. */
  readonly live: number;
}

const bytesOfAll = (types: Iterable<Type>) => [...types].reduce((sum, type) => sum + bytesOf(type), 0);
const valueBytes = ({ forward }: Link) => bytesOf(forward.outputs.get(Y)!.type);

/** Bytes of what the backward pass reads of a link, without what goes into it. */
export const keptBytes = ({ kept }: Link): number => bytesOfAll(kept.values());

const belowBytes = ({ forward }: Link) => (forward.inputs.has(X) ? bytesOf(forward.inputs.get(X)!) : 0);
const gradientBytes = (graph: Graph) => (graph.outputs.has(DX) ? bytesOf(graph.outputs.get(DX)!.type) : 0);

/** Each run of a step in its order, with the bytes that are taken between programs. */
function visits(chain: readonly Link[], keeps: ReadonlySet<Link>): Visit[] {
  const { single, joined } = divideChain(chain, keeps);
  const made: Visit[] = [];
  let live = 0;
  for (const link of single) {
    live += valueBytes(link) + keptBytes(link);
    made.push({ graph: link.forward, layer: linkName(link), pass: "forward", live });
    live -= keptBytes(link);
    if (!link.backward) live -= belowBytes(link);
  }
  const { graph } = roundTrip(joined);
  live += gradientBytes(graph);
  const layer = linkName(joined[0]!);
  made.push({ graph, layer, pass: "both", live: live + valueBytes(chain.at(-1)!) });
  live -= belowBytes(joined[0]!);
  for (const link of single.filter(({ backward }) => backward).toReversed()) {
    const name = linkName(link);
    const again = valueBytes(link) + keptBytes(link);
    made.push({ graph: link.forward, layer: name, pass: "recomputation", live: live + again });
    live += keptBytes(link) + gradientBytes(link.backward!);
    made.push({ graph: link.backward!, layer: name, pass: "backward", live });
    live -= keptBytes(link) + belowBytes(link) + valueBytes(link);
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
  const { single, joined } = divideChain(chain, keeps);
  for (const link of single) {
    take(resultOf(link));
    takeKept(link, 1);
    takeKept(link, -1);
    if (!link.backward) take(inputOf(link), -1);
  }
  take(resultOf(chain.at(-1)!));
  if (joined[0]!.backward) take(joined[0]!.backward.outputs.get(DX)?.type);
  take(resultOf(chain.at(-1)!), -1);
  take(inputOf(joined[0]!), -1);
  for (const link of single.filter(({ backward }) => backward).toReversed()) {
    take(resultOf(link));
    takeKept(link, 1);
    take(resultOf(link), -1);
    take(link.backward!.outputs.get(DX)?.type);
    takeKept(link, -1);
    take(inputOf(link), -1);
    take(resultOf(link), -1);
  }
  return [...taken].reduce((sum, [bytes, { most }]) => sum + bytes * most, 0);
}
