import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { z } from "zod";
import { findJson } from "../formats/found-json.ts";
import { InputError } from "../util/errors.ts";
import { makeFolder } from "../util/files.ts";
import { lastLines, runTool } from "./run-tool.ts";

/** Where the C++ of the binding and the headers of Node-API lie. */
export interface BindingSources {
  /** Folder with tfjs_binding.cc. */
  readonly binding: string;
  /** Folder with node_api.h. */
  readonly include: string;
}

/** An npm package that is pinned by the hash of its archive, and which of its files are wanted. */
export interface PinnedPackage {
  readonly spec: string;
  readonly integrity: string;
  readonly wanted: RegExp;
}

const BINDING: PinnedPackage = {
  spec: "@tensorflow/tfjs-node@4.22.0",
  integrity: "sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==",
  wanted: /^package\/binding\/[\w-]+\.(cc|h)$/,
};
const NODE_API: PinnedPackage = {
  spec: "node-api-headers@1.9.0",
  integrity: "sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==",
  wanted: /^package\/include\/[\w-]+\.h$/,
};

/**
 * The C++ sources as npm has them, fetched as the user's npm is set up to. What is in the folder already stays.
 * @throws InputError when npm is missing or cannot fetch them, or when they are not what they should be
 */
export async function fetchSources(folder: string, signal?: AbortSignal): Promise<BindingSources> {
  // In turn: were one to fail, the other would go on writing here after the call, and its lock, have ended.
  const tfjs = await fetchPackage(BINDING, folder, signal);
  const headers = await fetchPackage(NODE_API, folder, signal);
  return { binding: join(tfjs, "binding"), include: join(headers, "include") };
}

/** @returns the folder of the package's files. @throws InputError as {@link fetchSources} */
export async function fetchPackage(pinned: PinnedPackage, folder: string, signal?: AbortSignal): Promise<string> {
  const target = join(folder, pinned.spec.replace(/^.*\//, ""));
  if (existsSync(target)) return target;
  const fresh = `${target}.new`;
  await rm(fresh, { recursive: true, force: true });
  await makeFolder(fresh);
  const archive = await pack(pinned, fresh, signal);
  await extract({ file: archive, cwd: fresh, strip: 1, strict: true, filter: (path) => pinned.wanted.test(path) });
  await rm(archive);
  await rename(fresh, target);
  return target;
}

/** What npm says of what it packed; by versions it is an array or an object. */
const Packed = z.tuple([z.object({ filename: z.string() })]);

async function pack({ spec, integrity }: PinnedPackage, folder: string, signal?: AbortSignal): Promise<string> {
  const options = ["--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder];
  const result = await runTool(["npm", "pack", spec, ...options], { signal, seconds: 600 });
  signal?.throwIfAborted();
  if (!result.ok) {
    const missing = result.fault === "ENOENT";
    throw new InputError(missing ? "npm was not found" : `npm pack ${spec} failed:\n${lastLines(result)}`, {
      hint: missing
        ? "npm comes with Node: put its folder on PATH"
        : "check the network, and npm's registry and proxy (npm config list)",
    });
  }
  const answer = Packed.safeParse(Object.values(findJson(result.stdout) ?? {}));
  if (!answer.success) {
    throw new InputError(`npm pack ${spec} did not say which file it made:\n${lastLines(result)}`, {
      hint: "try it by hand with --json: it has to print that; another version of npm may",
    });
  }
  const [{ filename }] = answer.data;
  const archive = join(folder, filename.replace(/^@/, "").replaceAll("/", "-"));
  const found = `sha512-${createHash("sha512")
    .update(await readFile(archive))
    .digest("base64")}`;
  if (found !== integrity) {
    throw new InputError(`${spec}: npm's registry gave ${found}, and this version is ${integrity}`, {
      hint: "the registry that npm is set up for (npm config get registry) has another package of that name",
    });
  }
  return archive;
}
