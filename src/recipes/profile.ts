import type { Recording, Span, Watch } from "../engine/profile.ts";
import { measureRoof } from "../engine/profile-roof.ts";
import { inPhase } from "../engine/profile-trace.ts";
import { type ProfileSummary, summariseProfile } from "../report/profile-table.ts";
import type { RunFolder } from "../runs/folder.ts";
import { monotonicSeconds } from "../util/clock.ts";
import { InputError } from "../util/errors.ts";
import { openFileAtomic } from "../util/files.ts";
import type { Observer } from "./observer.ts";

/** Where the time of some steps went, as a file tells it operator by operator. */
export interface ProfileReport extends ProfileSummary {
  /** A Chrome trace, for Perfetto or chrome://tracing. */
  readonly file: string;
}

export interface StepProfile {
  /** The same steps; reading them is a phase. */
  reading<T>(steps: AsyncIterable<T>): AsyncGenerator<T>;
  /** Told when all work of a step is done. */
  stepDone(): Promise<void>;
  /** Told when no step comes any more: what was profiled is written down. */
  end(): Promise<void>;
  /** Of the steps that were profiled, when they are over; null: there was none. */
  readonly report: ProfileReport | null;
}

/** What is to be profiled. */
export interface Profiling {
  readonly steps: number;
  /** Of the engine that the steps are taken with. */
  readonly watch: Watch;
}

export interface StepProfileOptions {
  readonly run: RunFolder;
  /** Steps that were taken before, and those of the whole run. */
  readonly start: number;
  readonly total: number;
  readonly observer?: Observer;
  readonly signal?: AbortSignal;
}

/** Profiles some steps of a run, after one that compiles and warms up unless it is the only one. */
export function profileSteps(
  { watch, steps: wanted }: Profiling,
  { run, start, total, observer, signal }: StepProfileOptions,
): StepProfile {
  const warmUp = total - start > 1 ? 1 : 0;
  const spans: Span[] = [];
  let done = 0;
  let began: number | null = null;
  let report: ProfileReport | null = null;
  let isOver = false;

  const beginStep = () => {
    if (isOver || done < warmUp || began !== null) return;
    watch.start();
    began = spans.at(-1)?.end ?? monotonicSeconds(); // one step ends where the next begins: nothing is between them
  };
  const endStep = () => {
    if (began !== null) spans.push({ name: `step ${start + done}`, start: began, end: monotonicSeconds() });
    began = null;
  };

  async function end(): Promise<void> {
    if (isOver) return;
    isOver = true;
    const recording = watch.stop();
    if (spans.length === 0) {
      observer?.note?.("no step was profiled: training ended before");
      return;
    }
    const roof = signal?.aborted ? null : await measureRoof(watch.engine).catch(() => null); // memory may be scarce
    const first = start + done - spans.length + 1;
    const within = beforeTime(recording, spans.at(-1)!.end);
    report = { file: run.profile, ...summariseProfile(watch.engine.name, first, spans, within, roof) };
    observer?.profiled?.(report);
    await writeTrace(run.profile, spans, within, report).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
      observer?.note?.(`${error.message}: the profile is not kept, training goes on`);
    });
  }

  return {
    get report() {
      return report;
    },
    async *reading(steps) {
      const iterator = steps[Symbol.asyncIterator]();
      try {
        for (;;) {
          beginStep();
          const next = await inPhase(watch.engine, "read batches", () => iterator.next());
          if (next.done) return;
          yield next.value;
        }
      } finally {
        await iterator.return?.(undefined);
      }
    },
    async stepDone() {
      done++;
      endStep();
      if (spans.length === wanted) await end();
    },
    end,
  };
}

/** Without what came after the last step. */
function beforeTime({ phases, compiled, runs }: Recording, time: number): Recording {
  const isBefore = ({ end }: Span) => end <= time;
  return { phases: phases.filter(isBefore), compiled: compiled.filter(isBefore), runs: runs.filter(isBefore) };
}

const TRACKS = ["steps", "phases", "programs", "operators"] as const;
type Track = (typeof TRACKS)[number];

/**
 * Writes spans as a Chrome trace, all on one clock that begins with the first step: complete events of microseconds, a track a
 * kind (Trace Event Format, Google 2016).
 */
async function writeTrace(
  path: string,
  steps: readonly Span[],
  { phases, compiled, runs }: Recording,
  { file: _, ...summary }: ProfileReport,
): Promise<void> {
  const origin = steps[0]!.start;
  const complete = (track: Track, { name, start, end }: Span, args?: object) => ({
    ...{ ph: "X", cat: track, name, pid: process.pid, tid: TRACKS.indexOf(track) + 1 },
    ...{ ts: micro(start - origin), dur: micro(end - origin) - micro(start - origin) },
    ...(args && { args }),
  });
  const describe = (name: string, tid: number, args: object) => ({ ph: "M", name, pid: process.pid, tid, args });
  const events = [
    describe("process_name", 0, { name: `amlc train on ${summary.engine}` }),
    ...TRACKS.flatMap((name, i) => [
      describe("thread_name", i + 1, { name }),
      describe("thread_sort_index", i + 1, { sort_index: i }),
    ]),
    ...steps.map((span) => complete("steps", span)),
    ...phases.map((span) => complete("phases", span)),
    ...compiled.map((span) => complete("programs", span)),
    ...runs.map((run) => complete("programs", run, { flops: run.flops })),
    ...runs.flatMap(({ operators }) =>
      operators.map((span) => complete("operators", span, { shapes: span.shapes, flops: span.flops })),
    ),
  ];
  const file = await openFileAtomic(path);
  try {
    await file.write(`{"displayTimeUnit":"ms","otherData":${JSON.stringify(summary)},"traceEvents":[\n`);
    for (let i = 0; i < events.length; i += EVENTS_A_WRITE) {
      const lines = events.slice(i, i + EVENTS_A_WRITE).map((event) => JSON.stringify(event));
      await file.write(`${i > 0 ? ",\n" : ""}${lines.join(",\n")}`);
    }
    await file.write("\n]}\n");
    await file.commit();
  } finally {
    await file.discard();
  }
}

const EVENTS_A_WRITE = 10_000;

/** Microseconds to a thousandth: rounding both ends alike keeps neighbours apart. */
const micro = (seconds: number) => Math.round(seconds * 1e9) / 1000;
