import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { limitConcurrency } from "../../util/concurrency.ts";
import { AmlcError, InputError } from "../../util/errors.ts";
import { STOP_SIGNALS } from "../../util/stop-signals.ts";
import type { PartTask, PartWatch } from "./answer-part.ts";
import type { Order, Report } from "./part-process.ts";

/** How the work on a part ended: an error says why it is not done. */
export type PartEnd = "done" | "stopped" | Error;

/** A process of a part came to its end without a word: it was killed, or ran out of memory. */
class PartDied extends AmlcError {
  override readonly name = "PartDied";
  constructor(code: number | null, signal: NodeJS.Signals | null) {
    super(`its process ${signal === null ? `ended with code ${code}` : `was ended by ${signal}`}`, {
      hint:
        signal === null
          ? "it may have told why above; start the same command again"
          : "the memory may have run out: start the same command again, with fewer processes by --at-once",
    });
  }
}

/** In sources that are not compiled there is none, as a process starts from a file: then parts are answered one by one. */
const PROGRAM = new URL("./part-process.js", import.meta.url);

/**
 * Answers parts, `atOnce` at a time, each in a process of its own; one that is alone, in this one. Where a process dies the
 * others go on; after an error that would be the same for each, no further one is begun.
 */
export async function runParts(
  tasks: readonly PartTask[],
  atOnce: number,
  watch: PartWatch,
): Promise<readonly PartEnd[]> {
  const run = tasks.length > 1 && existsSync(PROGRAM) ? answerElsewhere : answerHere;
  const limit = limitConcurrency(run === answerHere ? 1 : atOnce);
  let isHopeless = false;
  return Promise.all(
    tasks.map((task) =>
      limit(async () => {
        if (watch.signal.aborted || isHopeless) return "stopped";
        const end = await run(task, watch);
        isHopeless ||= end instanceof Error && !(end instanceof PartDied);
        return end;
      }),
    ),
  );
}

async function answerHere(task: PartTask, watch: PartWatch): Promise<PartEnd> {
  const { answerPart } = await import("./answer-part.ts"); // an engine takes a while to load
  return answerPart(task, watch).catch((error: Error) => error);
}

function answerElsewhere(task: PartTask, { onEntries, signal }: PartWatch): Promise<PartEnd> {
  const child = fork(PROGRAM, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const order = (order: Order) => void (child.connected && child.send(order, () => {})); // a dead process is told of below
  const stop = () => order({ stop: true });
  let end: PartEnd | undefined;
  child.on("message", (report: Report) => {
    if ("entries" in report) onEntries(report.entries);
    else end = "end" in report ? report.end : toError(report);
  });
  signal.addEventListener("abort", stop);
  order({ task });
  return new Promise<PartEnd>((resolve) => {
    child.on("error", resolve);
    child.on("exit", (code, name) => {
      const isTold = signal.aborted && STOP_SIGNALS.some((each) => each === name); // before it could hear of it from here
      resolve(end ?? (isTold ? "stopped" : new PartDied(code, name)));
    });
  }).finally(() => signal.removeEventListener("abort", stop));
}

function toError({ error, hint, isInput }: Extract<Report, { error: string }>): Error {
  if (!isInput) return new Error(error);
  return new InputError(error, hint === undefined ? {} : { hint });
}

/**
 * @param tasks which the ends are of
 * @param soFar what is done all the same, and how to go on
 * @throws AmlcError naming each part that is not done for an error
 */
export function refuseErrors(tasks: readonly PartTask[], ends: readonly PartEnd[], soFar: string): void {
  const failed = ends.flatMap((end, i) => (end instanceof Error ? [{ part: tasks[i].part, error: end }] : []));
  if (failed.length === 0) return;
  const known = failed.map(({ error }) => {
    if (error instanceof AmlcError) return error;
    throw error;
  });
  const hint = known.find((error) => error.hint !== undefined)?.hint;
  const lines = failed.map(({ part, error }) => `part ${part}: ${error.message}`);
  throw new AmlcError([...lines, soFar].join("\n"), hint === undefined ? {} : { hint });
}
