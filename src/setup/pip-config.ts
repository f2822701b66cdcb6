import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where packages of Python come from, and who says so. */
export interface IndexChoice {
  readonly url: string;
  /** As `PIP_INDEX_URL` or a file's path. */
  readonly from: string;
}

const PYPI = "https://pypi.org/simple";
const VARIABLES = ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"];

/** The index that pip or uv would ask: of environment or pip's configuration files, else PyPI. */
export function configuredIndex(env: NodeJS.ProcessEnv = process.env): IndexChoice {
  const name = VARIABLES.find((variable) => env[variable]);
  if (name !== undefined) return { url: env[name]!, from: name };
  for (const file of configFiles(env)) {
    const url = readIndexUrl(file);
    if (url !== undefined) return { url, from: file };
  }
  return { url: PYPI, from: "the default" };
}

/** Those of pip, the one that counts most first. */
function configFiles(env: NodeJS.ProcessEnv): readonly string[] {
  const { PIP_CONFIG_FILE: named, VIRTUAL_ENV: virtual } = env;
  if (named === "/dev/null") return []; // how pip is told to read none
  const home = env.HOME ?? homedir();
  const folders = [
    ...(virtual ? [virtual] : []),
    join(env.XDG_CONFIG_HOME || join(home, ".config"), "pip"),
    join(home, ".pip"),
    ...(env.XDG_CONFIG_DIRS || "/etc/xdg").split(":").map((folder) => join(folder, "pip")),
    "/etc",
  ];
  return [...(named ? [named] : []), ...folders.map((folder) => join(folder, "pip.conf"))];
}

/** `index-url` of the sections that `pip install` reads; undefined when there is none, or no such file. */
function readIndexUrl(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const found = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
    const url = /^index[-_]url\s*[=:]\s*(\S+)\s*$/.exec(line)?.[1];
    if (url !== undefined) found.set(section, url);
  }
  return found.get("install") ?? found.get("global");
}
