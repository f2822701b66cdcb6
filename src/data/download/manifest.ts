import { appendFileSync, closeSync, openSync, truncateSync } from "node:fs";
import { readFile, truncate } from "node:fs/promises";
import { z } from "zod";
import { checkJson, parseJson } from "../../formats/json.ts";
import { InputError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.ts";

const count = () => z.int().min(0);

/** What became of a link. */
export const ManifestEntrySchema = z.strictObject({
  link: z.string(),
  /** In the folder of the manifest; null when the link has no file name. */
  file: z.string().nullable(),
  status: z.enum(["ok", "failed"]),
  /** Of the file; 0 when there is none. */
  bytes: count(),
  /** Of the file, in hexadecimal; null when there is none. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** Why there is no file. */
  reason: z.string().nullable(),
  /** Requests that were made for the image, redirects not counted; 0 for a file that was there. */
  attempts: count(),
});

export type ManifestEntry = Readonly<z.output<typeof ManifestEntrySchema>>;

/** A manifest that is being written: one entry for each link, the last one counts. */
export interface Manifest {
  get(link: string): ManifestEntry | undefined;
  entries(): Iterable<ManifestEntry>;
  /** Writes an entry down at once. Of one that cannot be written nothing is left before the next. */
  add(entry: ManifestEntry): void;
  /** Writes the file anew, one line for each link: those of `order` first, then the others as they stood. */
  close(order: readonly string[]): Promise<void>;
  /** Leaves the file as it is. */
  abandon(): void;
}

/**
 * Opens the manifest of a folder to go on with it. A last line that was half written is dropped from the file.
 * @throws InputError naming file and line of what is no entry
 */
export async function openManifest(path: string): Promise<Manifest> {
  const { lines, bytes, isCut } = await readLines(path);
  const entries = new Map(lines.map((line, i) => parseEntry(path, i, line)).map((entry) => [entry.link, entry]));
  if (isCut) await truncate(path, bytes);
  const file = openSync(path, "a");
  let [length, isHalf] = [bytes, false];
  return {
    get: (link) => entries.get(link),
    entries: () => entries.values(),
    add(entry) {
      const line = Buffer.from(formatEntry(entry));
      if (isHalf) truncateSync(path, length); // or this line would be one with what a full disk took of the last
      isHalf = true;
      appendFileSync(file, line);
      [length, isHalf] = [length + line.length, false];
      entries.set(entry.link, entry);
    },
    async close(order) {
      closeSync(file);
      const first = order.flatMap((link) => entries.get(link) ?? []);
      const known = new Set(order);
      const others = [...entries.values()].filter(({ link }) => !known.has(link));
      await writeFileAtomic(path, [...first, ...others].map(formatEntry).join(""));
    },
    abandon: () => closeSync(file),
  };
}

/**
 * Reads a manifest. A last line without its end (the process died while writing it) is left out.
 * @throws InputError naming file and line of what is no entry
 */
export async function readDownloads(path: string): Promise<readonly ManifestEntry[]> {
  return (await readLines(path)).lines.map((line, i) => parseEntry(path, i, line));
}

async function readLines(path: string): Promise<{ lines: readonly string[]; bytes: number; isCut: boolean }> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "";
    throw new InputError(`${path}: cannot be read: ${cause.message}`, { hint: "get leave to read this file", cause });
  });
  const end = text.lastIndexOf("\n") + 1;
  const whole = text.slice(0, end);
  return { lines: whole.split("\n").slice(0, -1), bytes: Buffer.byteLength(whole), isCut: end < text.length };
}

function parseEntry(path: string, index: number, line: string): ManifestEntry {
  const source = `${path}:${index + 1}`;
  try {
    return checkJson(source, parseJson(source, line), ManifestEntrySchema);
  } catch (cause) {
    throw new InputError((cause as Error).message, {
      hint: "mend or delete this line; a photograph without a line is looked at again",
      cause,
    });
  }
}

/** Keys in the order of the schema, whatever the order in the object. */
function formatEntry({ link, file, status, bytes, sha256, reason, attempts }: ManifestEntry): string {
  return `${JSON.stringify({ link, file, status, bytes, sha256, reason, attempts })}\n`;
}
