import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { unescape as decodePercents } from "node:querystring"; // where decodeURIComponent throws it leaves what is there
import { z } from "zod";
import { checkJson, parseJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";
import type { HttpClient, Page } from "./http.ts";
import type { IndexChoice } from "./pip-config.ts";
import { normalizeName } from "./wheel-name.ts";

/** A file that an index offers. */
export interface IndexFile {
  readonly name: string;
  readonly url: URL;
  /** In hexadecimal digits; null when the index does not say. */
  readonly sha256: string | null;
  /** Bytes; null when the index does not say. */
  readonly size: number | null;
  /** Whether its maker has taken it back. */
  readonly yanked: boolean;
}

const JSON_TYPE = "application/vnd.pypi.simple.v1+json";
const ACCEPT = `${JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1`;

const ProjectPage = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.object({ sha256: z.string().optional() }),
      size: z.number().nullish(),
      yanked: z.union([z.boolean(), z.string()]).optional(),
    }),
  ),
});

/** Checks an index's address. @throws InputError */
export function parseIndex({ url, from }: IndexChoice): URL {
  const parsed = URL.canParse(url) ? new URL(url.endsWith("/") ? url : `${url}/`) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol)) return parsed;
  const address = url.slice(url.lastIndexOf("@") + 1); // before it a password may stand
  throw new InputError(`the Python index "${address}" (of ${from}) is no address of the web`, {
    hint: "name one with --index, as https://pypi.org/simple",
  });
}

/** The files of a project by the simple API of PyPI (PEP 503, PEP 691). @throws InputError when the index has no such project */
export async function listFiles(http: HttpClient, index: URL, project: string): Promise<readonly IndexFile[]> {
  const url = new URL(`${normalizeName(project)}/`, index);
  const page = await http.page(url, ACCEPT);
  if (!page) {
    throw new InputError(`${index.host}${index.pathname}: has no package ${project}`, {
      hint: "name an index that mirrors PyPI with --index or PIP_INDEX_URL",
    });
  }
  return page.type.startsWith(JSON_TYPE) ? readJsonPage(page) : readHtmlPage(page);
}

function readJsonPage({ url: base, text }: Page): readonly IndexFile[] {
  const source = `${base.host}${base.pathname}`;
  const { files } = checkJson(source, parseJson(source, text), ProjectPage);
  return files.flatMap(({ filename: name, url, hashes, size = null, yanked }) => {
    if (!URL.canParse(url, base.href)) return [];
    const sha256 = hashes.sha256?.toLowerCase() ?? null;
    return [{ name, url: new URL(url, base), sha256, size, yanked: Boolean(yanked) }];
  });
}

/** The start of a link; in quotes a `>` may stand, as in `data-requires-python=">=3.9"`. */
const LINK = /<a\s([^"'<>]*(?:(?:"[^"]*"|'[^']*')[^"'<>]*){0,99})>/gi;
const ATTRIBUTE = /([^\s"'=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?/g;

function readHtmlPage({ url: base, text }: Page): readonly IndexFile[] {
  return [...text.matchAll(LINK)].flatMap(([, written]) => {
    const attributes = readAttributes(written);
    const href = attributes.get("href")?.replaceAll("&amp;", "&");
    if (!href || !URL.canParse(href, base.href)) return [];
    const url = new URL(href, base);
    const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1].toLowerCase() ?? null;
    url.hash = "";
    const name = decodePercents(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
    return [{ name, url, sha256, size: null, yanked: attributes.has("data-yanked") }];
  });
}

function readAttributes(written: string): ReadonlyMap<string, string> {
  const found = [...written.matchAll(ATTRIBUTE)].reverse(); // of two of a name the first counts
  return new Map(found.map(([, name, double, single, bare]) => [name.toLowerCase(), double ?? single ?? bare ?? ""]));
}

const MAX_BYTES = 4 * 2 ** 30;

/**
 * Fetches a file into a folder and checks it; one that is there and right is left. What an interrupted call has fetched is
 * used by the next. @returns its path. @throws InputError when it has another checksum than the index says, or none
 */
export async function fetchFile(
  http: HttpClient,
  { name, url, sha256, size }: IndexFile,
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<string> {
  if (sha256 === null) {
    throw new InputError(`${name}: the index gives no SHA-256 for it, so it is not used`, {
      hint: "name an index that gives checksums (--index), as https://pypi.org/simple",
    });
  }
  const path = join(folder, name);
  const part = `${path}.part`;
  if (existsSync(path) && (await hashFile(path)) === sha256) return path;
  await http.save({ url, file: part, maxBytes: size ?? MAX_BYTES, onProgress });
  const found = await hashFile(part);
  if (found !== sha256) {
    await rm(part);
    throw new InputError(`${name}: what came has the SHA-256 ${found}, and the index says ${sha256}`, {
      hint: "start the same command again: it fetches the file anew; if that does not help, name another index (--index)",
    });
  }
  await rename(part, path);
  return path;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
