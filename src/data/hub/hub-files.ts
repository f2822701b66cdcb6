import { listFiles, modelInfo } from "@huggingface/hub";
import { z } from "zod";
import { checkJson } from "../../formats/json.ts";
import { AmlcError, InputError } from "../../util/errors.ts";
import type { HubClient } from "./hub-client.ts";

/** A file at the top of a model's repository that a model needs. */
export interface HubFile {
  /** Letters, digits, dots, dashes and underscores: nothing that leads out of a folder. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly checksum: Checksum;
}

/** Large files have a SHA-256; others the one that Git gives a blob: SHA-1 of `blob SIZE\0` and the bytes. */
export interface Checksum {
  readonly kind: "sha256" | "git";
  /** In small hexadecimal digits. */
  readonly hex: string;
}

export interface HubModel {
  /** What the revision was when it was asked for: a commit, or the revision itself where the server names none. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** Configurations, tokenizers and safetensors; no weights in other formats, and nothing of ours. */
const WANTED = /^[A-Za-z0-9_][\w.-]{0,120}\.(json|safetensors)$/;
const OWN: ReadonlySet<string> = new Set(["pull.json", "export.json"]);
/** Names that Windows keeps for devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)\./i;
const MAX_ENTRIES = 10_000;
/** Tokenizers are the largest of these. */
const MAX_JSON = 256 * 2 ** 20;

const entrySchema = z.looseObject({
  type: z.string(),
  path: z.string(),
  size: z.int().nonnegative(),
  oid: z.string().nullish(),
  lfs: z.looseObject({ oid: z.string(), size: z.int().nonnegative() }).nullish(),
});

/**
 * Lists what a model has at its revision, of which only the files that a model needs.
 * @throws InputError when there is no such model or revision, it may not be read, or the answer makes no sense
 */
export async function listHubModel(hub: HubClient): Promise<HubModel> {
  const { endpoint, model, revision } = hub.asked;
  const where = { hubUrl: endpoint, fetch: hub.fetch };
  try {
    const { sha } = await modelInfo({ name: model, revision, additionalFields: ["sha"], ...where });
    const commit = typeof sha === "string" && /^[0-9a-f]{40}$/.test(sha) ? sha : revision;
    const files: HubFile[] = [];
    let seen = 0;
    // The library puts the revision into the address as it is.
    for await (const entry of listFiles({ repo: model, revision: encodeURIComponent(commit), ...where })) {
      if (++seen > MAX_ENTRIES) throw new InputError(`${model}: has more than ${MAX_ENTRIES} files: this is no model`);
      const file = toFile(model, entry);
      if (file) files.push(file);
    }
    return { commit, files: requireDistinct(model, files) };
  } catch (error) {
    if (error instanceof AmlcError || hub.signal?.aborted) throw error;
    throw new InputError(`${model}: ${endpoint} gave no list of its files: ${(error as Error).message}`, {
      hint: "check HF_ENDPOINT",
      cause: error,
    });
  }
}

function toFile(model: string, entry: unknown): HubFile | undefined {
  const { type, path, size, oid, lfs } = checkJson(`${model}: list of files`, entry, entrySchema);
  if (type !== "file" || !WANTED.test(path) || DEVICE.test(path) || OWN.has(path.toLowerCase())) return undefined;
  const checksum = lfs ? checksumOf("sha256", lfs.oid) : checksumOf("git", oid ?? "");
  if (!checksum) throw new InputError(`${model}: ${path}: the server gave no checksum`, { hint: "check HF_ENDPOINT" });
  const bytes = lfs?.size ?? size;
  if (path.endsWith(".json") && bytes > MAX_JSON) {
    throw new InputError(`${model}: ${path}: has ${bytes} bytes, more than any configuration or tokenizer`);
  }
  return { name: path, size: bytes, checksum };
}

function checksumOf(kind: Checksum["kind"], hex: string): Checksum | undefined {
  const digits = kind === "sha256" ? 64 : 40;
  return hex.length === digits && /^[0-9a-f]+$/.test(hex) ? { kind, hex } : undefined;
}

/** Names that differ in case alone are one file on Windows and macOS. */
function requireDistinct(model: string, files: readonly HubFile[]): readonly HubFile[] {
  const names = new Map<string, string>();
  for (const { name } of files) {
    const twin = names.get(name.toLowerCase());
    if (twin !== undefined) throw new InputError(`${model}: has two files of one name: ${twin} and ${name}`);
    names.set(name.toLowerCase(), name);
  }
  return files;
}
