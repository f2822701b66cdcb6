import { createHash } from "node:crypto";
import { closeSync, copyFileSync, existsSync, linkSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { writeExtendedJson } from "../formats/extended-json.ts";
import type { WandbArtifact, WandbManifestEntry } from "../formats/wandb-record.ts";
import { InputError } from "../util/errors.ts";
import { hashOf, placeFile, requireFileName } from "./run-media.ts";
import { randomId } from "./run-segments.ts";

/** Bytes, or the path of a file that is replaced when it changes, and never written in place. */
export type ArtifactFile = Uint8Array | { readonly file: string };

/** Files that are kept at Weights & Biases under a name, in versions. */
export interface ArtifactOptions {
  /** Letters, digits, `-`, `_` and `.`. */
  readonly name: string;
  /** Such as "model" or "dataset". */
  readonly type: string;
  /** By their paths in the artifact. */
  readonly files: Readonly<Record<string, ArtifactFile>> | ReadonlyMap<string, ArtifactFile>;
  /** Names of this version; it is "latest" anyway. */
  readonly aliases?: readonly string[];
  readonly metadata?: object;
  readonly description?: string;
}

const CLIENT_ID = 128;
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/**
 * Puts an artifact's files into the folder of those that wait, each under its MD5, and describes them.
 * @param sequence id of all versions that this process makes of the artifact
 * @throws InputError when a name is not as it must be; the error of the file system
 */
export function stageArtifact(staging: string, options: ArtifactOptions, sequence: string): WandbArtifact {
  const { name, type, aliases = [], metadata, description } = options;
  requireArtifactName(name, type);
  const files = options.files instanceof Map ? options.files : new Map(Object.entries(options.files));
  const contents = [...files]
    .map(([path, content]) => stageFile(staging, requireFileName(path), content))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    type,
    name,
    digest: digestOf(contents),
    digestAlgorithm: "MANIFEST_MD5",
    ...(description === undefined ? {} : { description }),
    ...(metadata && { metadata: writeExtendedJson(metadata) }),
    aliases: [...new Set([...aliases, "latest"])],
    manifest: {
      version: 1,
      storagePolicy: "wandb-storage-policy-v1",
      storagePolicyConfig: [{ key: "storageLayout", valueJson: '"V2"' }],
      contents,
    },
    finalize: true,
    clientId: randomId(CLIENT_ID),
    sequenceClientId: sequence,
  };
}

export const randomSequence = () => randomId(CLIENT_ID);

function requireArtifactName(name: string, type: string): void {
  if (NAME.test(name) && NAME.test(type)) return;
  throw new InputError(`an artifact cannot be called ${JSON.stringify(name)}, of the type ${JSON.stringify(type)}`, {
    hint: "use letters, digits, - _ and . for both, at most 128 of them",
  });
}

/** A name for what holds a run's table, as W&B's own client gives it. */
export function tableArtifactName(runId: string, metric: string): string {
  const name = `run-${runId}-${metric}`;
  const safe = name.replaceAll(/[^A-Za-z0-9_.-]+/g, "");
  if (safe === name) return name;
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(name));
  return `${safe}-${checksum.toString("base64url")}`;
}

function stageFile(staging: string, path: string, content: ArtifactFile): WandbManifestEntry {
  const inBytes = content instanceof Uint8Array;
  const md5 = inBytes ? hashOf("md5", content) : hashFile(content.file);
  const localPath = join(staging, md5);
  if (inBytes) placeFile(staging, md5, content, true);
  else if (!existsSync(localPath)) linkOrCopy(content.file, staging, localPath);
  return { path, digest: Buffer.from(md5, "hex").toString("base64"), size: statSync(localPath).size, localPath };
}

function linkOrCopy(file: string, folder: string, target: string): void {
  mkdirSync(folder, { recursive: true });
  try {
    linkSync(file, target);
  } catch {
    copyFileSync(file, target); // another disk, or one without links
  }
}

function hashFile(path: string): string {
  const [hash, file, buffer] = [createHash("md5"), openSync(path, "r"), Buffer.alloc(2 ** 20)];
  try {
    for (let n = readSync(file, buffer); n > 0; n = readSync(file, buffer)) hash.update(buffer.subarray(0, n));
    return hash.digest("hex");
  } finally {
    closeSync(file);
  }
}

/** MD5 over the manifest's first line and each file's path and MD5, by path. */
function digestOf(contents: readonly WandbManifestEntry[]): string {
  const lines = contents.map(({ path, digest }) => `${path}:${digest}\n`);
  return hashOf("md5", Buffer.from(`wandb-artifact-manifest-v1\n${lines.join("")}`));
}
