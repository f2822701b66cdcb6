import { type Candidate, candidates, type Survey, survey } from "../engine/survey.ts";
import { describeMachine, type Machine } from "../runs/environment.ts";
import { InputError } from "../util/errors.ts";

export interface DoctorOptions {
  /** Names of the engines to look at, as `tfjs wasm`, or `tfjs` for all of that; all when absent. */
  readonly engines?: readonly string[];
  /** Told before an engine is looked at. */
  readonly onEngine?: (name: string) => void;
}

export interface Examination {
  readonly machine: Machine;
  readonly engines: readonly Survey[];
  /** Whether an engine is ready, and none that is ready computes something wrong. */
  readonly healthy: boolean;
}

/**
 * Looks at the machine and at every engine that could run on it: what is ready, on which device, how fast it multiplies in
 * float32 and float16, whether each op is right, and what to do where one is missing.
 * @throws InputError when an engine is asked for that this platform does not know
 */
export async function doctor({ engines: wanted, onEngine }: DoctorOptions = {}): Promise<Examination> {
  const known = await candidates();
  const engines: Survey[] = [];
  for (const candidate of wanted?.flatMap((name) => findCandidates(name, known)) ?? known) {
    onEngine?.(candidate.name);
    engines.push(await survey(candidate));
  }
  const ready = engines.filter((engine) => engine.ready);
  const healthy = ready.length > 0 && ready.every(({ checks }) => checks.every(({ passed }) => passed));
  return { machine: describeMachine(), engines, healthy };
}

/** Those of a whole name, or of a word of it: `tfjs wasm`, `tfjs`, `wasm`. */
function findCandidates(name: string, known: readonly Candidate[]): Candidate[] {
  const found = known.filter((candidate) => candidate.name === name || candidate.name.split(" ").includes(name));
  if (found.length > 0) return found;
  throw new InputError(`there is no engine "${name}" on this platform`, {
    hint: `there are ${known.map((candidate) => candidate.name).join(", ")}`,
  });
}
