import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { InputError } from "../util/errors.ts";

/**
 * Reads a JSON file and checks it. @throws InputError naming the file and, for a wrong value, its key;
 * `hint` says what to do about a file that is missing.
 */
export async function readJson<S extends z.ZodType>(path: string, schema: S, hint?: string): Promise<z.output<S>> {
  const text = await readText(path, hint);
  return checkJson(path, parseJson(path, text), schema);
}

/** As {@link readJson}, from text; `source` names it in errors. */
export function parseJson(source: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${source}: is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** `value` in the form that `schema` gives it. @throws InputError with one line for each wrong key. */
export function checkJson<S extends z.ZodType>(source: string, value: unknown, schema: S): z.output<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const lines = checked.error.issues.map(({ path, message }) => `${[source, path.join(".")].join(": ")}: ${message}`);
  throw new InputError(lines.slice(0, 5).join("\n"));
}

/** @throws InputError naming the file; `hint` as in {@link readJson} */
export async function readText(path: string, hint?: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const message = missing ? `${path}: no such file` : `${path}: cannot be read: ${(cause as Error).message}`;
    throw new InputError(message, { ...(hint === undefined ? {} : { hint }), cause });
  }
}
