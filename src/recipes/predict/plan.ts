import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { resolveAsset } from "../../config/presets.ts";
import type { Config } from "../../config/schema.ts";
import { readJson } from "../../formats/json.ts";
import { CONFIG } from "../../model/companions.ts";
import { findCheckpoint } from "../../runs/checkpoints.ts";
import { checksumFiles } from "../../runs/environment.ts";
import type { RunFolder } from "../../runs/folder.ts";
import { InputError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.ts";

const PlanSchema = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** All that answers follow from, and into how many parts the table is cut. Answers of two plans are not to be mixed. */
export type Plan = Readonly<z.output<typeof PlanSchema>>;

export interface PlanSource {
  readonly test: string;
  readonly run: RunFolder;
  readonly config: Config;
  /** Folder of the checkpoint. */
  readonly checkpoint: string;
  /** Folder of the photographs. */
  readonly images: string;
  readonly parts: number;
}

/** @throws InputError when a file that belongs to it cannot be read */
export async function makePlan({ test, run, config, checkpoint, images, parts }: PlanSource): Promise<Plan> {
  const { name, backend, weights, products, providers } = config.engine;
  const base = resolveAsset(config.base);
  const { sha256 } = await checksumFiles({ sha256: test });
  return {
    test_sha256: sha256,
    images: resolve(images),
    run: resolve(run.path),
    checkpoint: checkpoint === run.best ? "best" : "last",
    weights_sha256: await weightsChecksum(checkpoint),
    base: resolve(base),
    base_fingerprint: await baseFingerprint(base),
    engine: [name, weights, products, ...providers].join(" "),
    "engine.backend": backend,
    "engine.threads": config.engine.threads,
    "data.prompt": config.data.prompt,
    "eval.max_new_tokens": config.eval.max_new_tokens,
    "decode.constrain": config.decode.constrain,
    "decode.n_best": config.decode.n_best,
    parts,
  };
}

const ChecksumsSchema = z.record(z.string(), z.string());
const WEIGHTS = ["adapter_model.safetensors", "model.safetensors"];

/** SHA-256 of what a checkpoint has trained, as its own list says; the files are held against it when they are loaded. */
export async function weightsChecksum(checkpoint: string): Promise<string> {
  const folder = findCheckpoint(checkpoint) ?? checkpoint;
  const file = join(folder, "checksums.json");
  const checksums = await readJson(file, ChecksumsSchema, "this folder is no whole checkpoint of amlc");
  const name = WEIGHTS.find((name) => checksums[name] !== undefined);
  if (name !== undefined) return checksums[name];
  throw new InputError(`${file}: names none of ${WEIGHTS.join(", ")}`, { hint: "this checkpoint is damaged" });
}

const EDGE_BYTES = 2 ** 20;

/**
 * SHA-256 over size, first and last MiB of a base's weights and configuration: to read whole weights would take as long as
 * to answer some rows.
 */
async function baseFingerprint(folder: string): Promise<string> {
  const names = await readdir(folder).catch((cause: Error) => {
    throw new InputError(`${folder}: the run's base cannot be read: ${cause.message}`, {
      hint: "name its folder: --set base=FOLDER",
      cause,
    });
  });
  const hash = createHash("sha256");
  for (const name of names.filter((name) => name === CONFIG || name.endsWith(".safetensors")).sort()) {
    const file = await open(join(folder, name));
    try {
      const { size } = await file.stat();
      hash.update(`${name} ${size}\n`);
      const length = Math.min(size, EDGE_BYTES);
      for (const position of new Set([0, size - length])) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
  return hash.digest("hex");
}

const PLAN = "plan.json";
const LOG = /^part-\d+\.jsonl$/;

/** The files of a plan's folder. */
export const workFiles = (folder: string) => ({
  log: (part: number) => join(folder, `part-${part}.jsonl`),
  faults: join(folder, "faults.csv"),
  /** Folder of the table's parts and their manifest. */
  tables: join(folder, "amlc-parts"),
});

const StandingSchema = z.strictObject({
  plan: PlanSchema,
  /** Of each process's engine; null: it decides. */
  threads: z.int().min(1).nullable(),
});

/** A plan that answers were begun with. Numbers depend a little on the threads, so that all rows get the same. */
export type Standing = Readonly<z.output<typeof StandingSchema>>;

/**
 * Makes a folder the one of a plan, or finds that it is, and gives the threads that it was begun with. `fresh`: whatever was
 * answered there is forgotten. @throws InputError saying what differs when it is the folder of another plan
 */
export async function claimFolder(folder: string, wanted: Standing, fresh: boolean): Promise<Standing> {
  const file = join(folder, PLAN);
  if (existsSync(file) && !fresh) {
    const standing = await readJson(file, StandingSchema);
    requireSame(folder, wanted.plan, standing.plan);
    return standing;
  }
  const logs = (await readdir(folder)).filter((name) => LOG.test(name));
  if (logs.length > 0 && !fresh) {
    throw new InputError(`${folder}: has answers in ${logs[0]}, and no ${PLAN} that says to what`, { hint: ANOTHER });
  }
  for (const name of logs) await rm(join(folder, name));
  await rm(workFiles(folder).tables, { recursive: true, force: true });
  await writeFileAtomic(file, `${JSON.stringify(wanted, null, 2)}\n`);
  return wanted;
}

function requireSame(folder: string, plan: Plan, known: Plan): void {
  const keys = [...new Set([...Object.keys(plan), ...Object.keys(known)])];
  const differences = keys.filter((key) => plan[key] !== known[key]);
  if (differences.length === 0) return;
  const lines = differences.map((key) => `\n  ${key}: ${shorten(known[key])} there, now ${shorten(plan[key])}`);
  throw new InputError(`${folder}: holds the answers of another plan${lines.join("")}`, { hint: ANOTHER });
}

const ANOTHER = "choose another -o or --work, or begin anew there with --fresh";

/** A checksum is told by its first letters. */
function shorten(value: Plan[string] | undefined): string {
  const text = value === undefined ? "nothing" : String(value);
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}
