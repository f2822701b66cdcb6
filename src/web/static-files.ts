import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PACKAGE_ROOT } from "../util/package.ts";
import { IMPORTS, SHELL } from "./shell.ts";

/** A file as it is sent. */
export interface StaticFile {
  readonly body: string;
  readonly type: string;
  /** Another for other contents, in quotes. */
  readonly etag: string;
}

const require = createRequire(import.meta.url);
const inPackage = (name: string, ...path: readonly string[]) =>
  join(dirname(require.resolve(`${name}/package.json`)), ...path);

/** The only files of other packages that are sent. */
const MODULES: Readonly<Record<(typeof IMPORTS)[keyof typeof IMPORTS], () => string>> = {
  [IMPORTS.preact]: () => require.resolve("preact"),
  [IMPORTS["preact/hooks"]]: () => require.resolve("preact/hooks"),
  [IMPORTS["preact/jsx-runtime"]]: () => require.resolve("preact/jsx-runtime"),
  [IMPORTS.uplot]: () => inPackage("uplot", "dist", "uPlot.esm.js"),
};

/** What the build makes of page/, be this the source or the build. */
const PAGE = join(PACKAGE_ROOT, "dist", "web", "page");
const SCRIPT = "text/javascript; charset=utf-8";
const TYPES: Readonly<Record<string, string>> = { js: SCRIPT, css: "text/css; charset=utf-8" };

/** The files of the page by their path; no other path is any. */
export function findStatic(path: string): StaticFile | undefined {
  if (path === "/" || path === "/index.html") return staticFile(SHELL, "text/html; charset=utf-8");
  const find = Object.hasOwn(MODULES, path) ? MODULES[path as keyof typeof MODULES] : undefined;
  if (find) return staticFile(readFileSync(find(), "utf8"), SCRIPT);
  const name = path.startsWith("/page/") ? path.slice("/page/".length) : "";
  const ending = /\.(js|css)$/.exec(name)?.[1];
  // The folder's own names are compared, so that no name can lead out of it.
  if (ending === undefined || !pageFiles().includes(name)) return undefined;
  return staticFile(readFileSync(join(PAGE, name), "utf8"), TYPES[ending]);
}

/** Names in the page's folder; none before it is built. */
function pageFiles(): readonly string[] {
  try {
    return readdirSync(PAGE);
  } catch {
    return [];
  }
}

function staticFile(body: string, type: string): StaticFile {
  return { body, type, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
}
