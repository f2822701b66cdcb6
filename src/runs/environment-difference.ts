import { z } from "zod";
import { readJson } from "../formats/json.ts";

const environmentSchema = z.object({
  platform: z.string().optional(),
  cpu: z.string().optional(),
  git_commit: z.string().nullish(),
  versions: z.record(z.string(), z.string()).default({}),
});

export interface EnvironmentDifference {
  /** `cpu`, `platform`, `git_commit`, or what has a version: `amlc`, `node`, a package. */
  readonly name: string;
  /** null where nothing is known. */
  readonly before: string | null;
  readonly again: string | null;
}

/** In what two runs' `environment.json` differ, of all that numbers may depend on beside settings and data. */
export async function compareEnvironments(before: string, again: string): Promise<readonly EnvironmentDifference[]> {
  const [first, second] = await Promise.all([before, again].map(readEnvironment));
  return Object.keys({ ...first, ...second })
    .map((name) => ({ name, before: first[name] ?? null, again: second[name] ?? null }))
    .filter((difference) => difference.before !== difference.again);
}

async function readEnvironment(file: string): Promise<Record<string, string | null | undefined>> {
  const { versions, ...machine } = await readJson(file, environmentSchema);
  return { ...machine, ...versions };
}
