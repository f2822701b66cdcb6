import type { Bytes, Course as MemoryCourse, Moment } from "../../engine/memory-kinds.ts";
import { graphKey, type Link, Y } from "../../graph/chain.ts";
import { byteSize, totalFlops } from "../../graph/cost.ts";
import type { Graph } from "../../graph/graph.ts";
import { type Course, type Leg, slotBytes, trainingCourse } from "../chain-course.ts";
import {
  compiledGraph,
  noiseBytes,
  type PlannedEngine,
  type ProgramMemory,
  programMemory,
  wholeFlops,
} from "./program-memory.ts";
import { programCourse } from "./whole.ts";

/**
 * What lies in memory in the course of a step of several programs.
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
): MemoryCourse {
  const course = trainingCourse(chain, keeps);
  const { taken, held } = slotBytes(course);
  const moments = runsOf(course, engine, vocabulary).flatMap(({ leg, program, others }, i): readonly Moment[] => {
    const images = standing.images + program.noise;
    const waiting = others + held - taken[i]!;
    const beside = { ...standing, images, residuals: taken[i]!, waiting };
    const { graph, layer, pass } = leg;
    if (pass === "both") {
      return programCourse(compiledGraph(graph, engine), Y, { engine, lean: true, standing: beside, vocabulary });
    }
    const { work, logits, standing: own, results } = program;
    return [{ layer, pass, bytes: { ...beside, logits, workspace: work - logits + own + results } }];
  });
  const sum = (graphs: readonly (Graph | null)[]) =>
    graphs.reduce((n, graph) => n + (graph ? totalFlops(graph) : 0), 0);
  const flops = {
    forward: sum(chain.map(({ forward }) => forward)),
    backward: sum(chain.map(({ backward }) => backward)),
    recomputation: sum(course.legs.filter(({ pass }) => pass === "recomputation").map(({ graph }) => graph)),
    whole: course.legs.reduce((n, { graph }) => n + wholeFlops(graph, engine), 0),
  };
  return { moments, buffers: held, flops };
}

/** The most bytes that programs of the chain have for themselves at once, with all that the pool between them holds. */
export function chainBytes(chain: readonly Link[], keeps: ReadonlySet<Link>, engine: PlannedEngine): number {
  const course = trainingCourse(chain, keeps);
  const bytes = runsOf(course, engine, 0).map(
    ({ program, others }) => others + program.work + program.standing + program.results + program.noise,
  );
  return Math.max(...bytes) + slotBytes(course).held;
}

/** Bytes of what the backward pass reads of a link, without what goes into it. */
export const keptBytes = ({ kept }: Link): number => [...kept.values()].reduce((sum, type) => sum + byteSize(type), 0);

interface ChainProgram extends ProgramMemory {
  /** Of its work, logits and what else has their size. */
  readonly logits: number;
  /** Noise that it is fed. */
  readonly noise: number;
}

interface Run {
  readonly leg: Leg;
  readonly program: ChainProgram;
  /** Bytes of the other programs, which have no more than their tables between runs. */
  readonly others: number;
}

function runsOf({ legs }: Course, engine: PlannedEngine, vocabulary: number): readonly Run[] {
  const programOf = programsOf(engine, vocabulary);
  const runs = legs.map((leg) => ({ leg, program: programOf(leg.graph) }));
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
      for (const { type } of alive) if (type.shape.at(-1) === vocabulary) bytes += byteSize(type);
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
