import { totalFlops } from "../graph/cost.ts";
import type { Graph } from "../graph/graph.ts";
import { monotonicSeconds } from "../util/clock.ts";
import type { Engine, Program } from "./engine.ts";
import type { OperatorTrace, Phase, RunTrace } from "./profile-trace.ts";

/** Something that was done, from one time to another, in seconds of {@link monotonicSeconds}. */
export interface Span {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface OperatorSpan extends Span, Pick<OperatorTrace, "operator" | "shapes" | "flops"> {}

/** A run of a program. */
export interface RunSpan extends Span {
  /** The phase that it ran in, the one around that, and so on. */
  readonly phases: readonly string[];
  /** Floating point operations of the program's graph. */
  readonly flops: number;
  /** The engine's part of it, without the call; null where the engine does not tell. */
  readonly inside: { readonly start: number; readonly end: number } | null;
  readonly operators: readonly OperatorSpan[];
}

/** What was recorded of an engine. Spans of one kind do not overlap, and stand in order. */
export interface Recording {
  /** What the engine's user said it was doing, and `compile` where nothing was said; phases inside others are not listed. */
  readonly phases: readonly Span[];
  readonly compiled: readonly Span[];
  readonly runs: readonly RunSpan[];
}

/** An engine that is watched. */
export interface Watch {
  /** Programs compiled from now on are traced, so that they can be recorded. */
  readonly engine: Engine & { readonly phase: Phase };
  /** Begins to record. */
  start(): void;
  /** Ends it for good: programs go on untraced. Nothing is recorded of what is not over yet. */
  stop(): Recording;
}

/** The runs of a program that are worth keeping, in the order in which they began; null: one that is not. */
interface Traced {
  readonly program: Program;
  readonly runs: (Omit<RunSpan, "inside" | "operators"> | null)[];
}

/** Watches an engine from the outside: what is not recorded costs a call. */
export function watchEngine(engine: Engine): Watch {
  let state: "before" | "recording" | "over" = "before";
  const recorded = { phases: [] as Span[], compiled: [] as Span[], runs: [] as RunSpan[] };
  const open: string[] = [];
  const traced = new Set<Traced>();

  const phase: Phase = async (name, work) => {
    if (state !== "recording") return work();
    const start = monotonicSeconds();
    const isOutermost = open.length === 0;
    open.push(name);
    try {
      return await work();
    } finally {
      open.splice(open.lastIndexOf(name), 1);
      if (isOutermost && isRecording()) recorded.phases.push({ name, start, end: monotonicSeconds() });
    }
  };
  const isRecording = () => state === "recording";

  /** Takes over what a program knows of its runs. */
  function collect(each: Traced): void {
    if (!traced.delete(each)) return;
    const traces = each.program.endTrace?.() ?? [];
    const isWhole = traces.length === each.runs.length; // a run that failed is in one of them alone
    each.runs.forEach((run, i) => {
      if (run) recorded.runs.push(withTrace(run, isWhole ? traces[i] : undefined));
    });
  }

  function watchProgram(graph: Graph, program: Program): Program {
    const each: Traced = { program, runs: [] };
    traced.add(each);
    const flops = totalFlops(graph);
    return {
      ...program,
      async run(feeds, into) {
        if (state === "over") return program.run(feeds, into);
        const phases = [...open].reverse();
        const [place, start] = [each.runs.push(null) - 1, monotonicSeconds()];
        const wasRecording = isRecording();
        const outputs = await program.run(feeds, into);
        if (wasRecording) {
          const name = phases[0] ?? "program";
          each.runs[place] = { ...{ name, start, end: monotonicSeconds(), phases, flops } };
        }
        return outputs;
      },
      async release() {
        collect(each);
        await program.release();
      },
    };
  }

  return {
    engine: {
      ...engine,
      phase,
      async compile(graph, weights, options) {
        if (state === "over") return engine.compile(graph, weights, options);
        return phase("compile", async () => {
          const start = monotonicSeconds();
          const program = await engine.compile(graph, weights, { ...options, traced: true });
          if (isRecording()) recorded.compiled.push({ name: "compile", start, end: monotonicSeconds() });
          return watchProgram(graph, program);
        });
      },
    },
    start() {
      if (state === "before") state = "recording";
    },
    stop() {
      state = "over";
      for (const each of [...traced]) collect(each);
      return {
        phases: oneByOne(recorded.phases),
        compiled: oneByOne(recorded.compiled),
        runs: oneByOne(recorded.runs),
      };
    },
  };
}

/** The clock of a trace begins with its run; both end when the engine is done, for it waits before it begins, not after. */
function withTrace(run: Omit<RunSpan, "inside" | "operators">, trace: RunTrace | undefined): RunSpan {
  if (!trace) return { ...run, inside: null, operators: [] };
  const start = Math.max(run.start, run.end - trace.seconds);
  const operators = trace.operators.map(({ operator, shapes, flops, start: after, seconds }) => ({
    ...{ name: operator, operator, shapes, flops },
    ...{ start: start + after, end: start + after + seconds },
  }));
  return { ...run, inside: { start, end: run.end }, operators };
}

/** In order, and each cut where the one before it ends: of two that were asked for at once, one waited for the other. */
function oneByOne<S extends Span>(spans: readonly S[]): S[] {
  let before = Number.NEGATIVE_INFINITY;
  return spans
    .toSorted((a, b) => a.end - b.end)
    .map((span) => {
      const start = Math.min(span.end, Math.max(before, span.start));
      before = span.end;
      return { ...span, start };
    });
}
