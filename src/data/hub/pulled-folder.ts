import { existsSync, statSync } from "node:fs";
import { copyFile, link, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../../formats/json.ts";
import { InputError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.ts";
import type { HubFile } from "./hub-files.ts";

/** In a folder that was fetched, or is being fetched: what it is of, and which of its files are whole. */
export const PULLED = "pull.json";

const fileSchema = z.object({
  name: z.string(),
  size: z.int().nonnegative(),
  checksum: z.object({ kind: z.enum(["sha256", "git"]), hex: z.string() }),
});
const pulledSchema = z.object({ model: z.string(), commit: z.string(), files: z.array(fileSchema) });

export interface Pulled {
  /** Name on the hub. */
  readonly model: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/**
 * What a folder was fetched from; undefined when nothing is there, or an empty folder.
 * @throws InputError when something else stands there, or another model
 */
export async function readPulled(folder: string, model: string): Promise<Pulled | undefined> {
  if (!existsSync(folder)) return undefined;
  if (!existsSync(join(folder, PULLED))) {
    await requireNothingElse(folder, /^$/);
    return undefined;
  }
  const pulled = await readJson(join(folder, PULLED), pulledSchema);
  if (pulled.model === model) return pulled;
  throw new InputError(`${folder}: is of ${pulled.model}`, { hint: "choose another --output, or remove it" });
}

/** What a start that was killed at once has left: its lock, and a file that was to become `pull.json`. */
const BEGUN = /^(puller-.*\.lock|pull\.json\..*\.tmp)$/;

/** Where a model is to grow is nothing, or what an earlier start has left there. @throws InputError when it is something else */
export async function requireStage(folder: string): Promise<void> {
  if (existsSync(folder) && !existsSync(join(folder, PULLED))) await requireNothingElse(folder, BEGUN);
}

async function requireNothingElse(folder: string, than: RegExp): Promise<void> {
  const held = await readdir(folder).catch(() => undefined);
  if (held?.every((name) => than.test(name))) return;
  throw new InputError(`${folder}: ${held ? "is a folder that holds something else" : "is no folder"}`, {
    hint: "choose another --output, or remove it",
  });
}

/** The folder beside the output in which a model grows. */
export interface Stage {
  readonly folder: string;
  /** Whether a file is there whole, in the state that the hub has now. */
  has(file: HubFile): boolean;
  /** Takes a file over from a folder that was fetched before; false when it has no such file. */
  takeOver(file: HubFile, from: string, pulled: Pulled | undefined): Promise<boolean>;
  /** Writes down that a file is whole. */
  add(file: HubFile): Promise<void>;
  /** Removes what is none of the model's files, and puts the folder in the place of `output`. */
  become(output: string): Promise<Pulled>;
}

/** Goes on with a stage, or begins one, in a folder that is there. Files of another commit are kept where they are the same. */
export async function openStage(folder: string, model: string, commit: string): Promise<Stage> {
  const before = existsSync(join(folder, PULLED)) ? await readPulled(folder, model) : undefined;
  const done = new Map(before?.files.filter((file) => isThere(folder, file)).map((file) => [file.name, file]));
  const write = async (): Promise<Pulled> => {
    const pulled = { model, commit, files: [...done.values()] };
    await writeFileAtomic(join(folder, PULLED), `${JSON.stringify(pulled, null, 2)}\n`);
    return pulled;
  };
  await write();
  const add = async (file: HubFile) => {
    done.set(file.name, file);
    await write();
  };
  const taken = new Set<string>();
  return {
    folder,
    has(file) {
      taken.add(file.name);
      return isSame(done.get(file.name), file);
    },
    async takeOver(file, from, pulled) {
      const own = pulled?.files.find(({ name }) => name === file.name);
      if (!isSame(own, file) || !isThere(from, file)) return false;
      const [source, target] = [join(from, file.name), join(folder, file.name)];
      await rm(target, { force: true });
      await link(source, target).catch(() => copyFile(source, target));
      await add(file);
      return true;
    },
    add,
    async become(output) {
      for (const name of done.keys()) if (!taken.has(name)) done.delete(name);
      const pulled = await write();
      const others = (await readdir(folder)).filter((name) => name !== PULLED && !done.has(name));
      for (const name of others) await rm(join(folder, name), { recursive: true, force: true });
      const old = `${output}.amlc-old`; // `${output}.old` may be a user's own
      await rm(old, { recursive: true, force: true });
      if (existsSync(output)) await rename(output, old);
      await rename(folder, output);
      await rm(old, { recursive: true, force: true });
      return pulled;
    },
  };
}

/** Whether all files of a folder are there, as far as their sizes tell. */
export const isWhole = (folder: string, { files }: Pulled): boolean => files.every((file) => isThere(folder, file));

function isThere(folder: string, { name, size }: HubFile): boolean {
  return statSync(join(folder, name), { throwIfNoEntry: false })?.size === size;
}

const isSame = (a: HubFile | undefined, b: HubFile) => a?.size === b.size && a.checksum.hex === b.checksum.hex;
