/**
 * Values by path, each kept as the JSON text it came as: no number is rounded on its way from the log to the server. `NaN`,
 * `Infinity` and `-Infinity` stand in it as bare words, which W&B knows.
 */
export type JsonTree = Map<string, JsonTree | string>;

/** Puts a value in its place; what stood on the way to it and was no object goes. */
export function setJson(tree: JsonTree, path: readonly string[], text: string): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) return void tree.set(name, oneLine(text));
  const found = tree.get(name);
  const below = found instanceof Map ? found : new Map<string, JsonTree | string>();
  if (below !== found) tree.set(name, below);
  setJson(below, rest, text);
}

/** The same, but of an object each member is set, so that members which it has not stay. */
export function mergeJson(tree: JsonTree, path: readonly string[], text: string): void {
  const members = membersOf(text);
  if (!members || members.length === 0) setJson(tree, path, text);
  else for (const [name, value] of members) mergeJson(tree, [...path, name], value);
}

/** Takes a value or all below a path away, and objects that become empty by it. */
export function removeJson(tree: JsonTree, path: readonly string[]): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) return void tree.delete(name);
  const below = tree.get(name);
  if (!(below instanceof Map)) return;
  removeJson(below, rest);
  if (below.size === 0) tree.delete(name);
}

/** The tree as one line of JSON. */
export function writeJson(tree: JsonTree): string {
  const members = [...tree].map(
    ([name, value]) => `${JSON.stringify(name)}:${typeof value === "string" ? value : writeJson(value)}`,
  );
  return `{${members.join(",")}}`;
}

/** Line breaks between the tokens go; within a text JSON has none. */
const oneLine = (text: string) => (/[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, " ") : text);

/** The tokens of JSON and where each begins. A text is searched for its end: a pattern for it fails where it is long. */
function* tokensOf(text: string): Generator<{ readonly token: string; readonly index: number }> {
  const pattern = /["[\]{}:,]|[^\s"[\]{}:,]+/g;
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const { 0: token, index } = found;
    if (token === '"') pattern.lastIndex = endOfText(text, index);
    yield { token: token === '"' ? text.slice(index, pattern.lastIndex) : token, index };
  }
}

/** Behind the quote that ends the text which begins at `start`; the end of all when none does. */
function endOfText(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}

/** Names and values of an object, the values as they stand there; undefined when the text is none. */
export function membersOf(text: string): readonly (readonly [string, string])[] | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const members: [string, string][] = [];
  let [depth, name, start] = [0, "", 0];
  for (const { token, index } of tokensOf(text)) {
    if (depth === 1 && (token === "," || token === "}")) {
      const key = name === "" ? undefined : readText(name);
      if (name !== "" && key === undefined) return undefined;
      if (key !== undefined) members.push([key, text.slice(start, index).trim()]);
      name = "";
    } else if (depth === 1 && token === ":") start = index + 1;
    else if (depth === 1 && name === "") name = token;
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
  }
  return members;
}

function readText(token: string): string | undefined {
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

const BARE: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

/** What JSON with bare words means. @throws SyntaxError */
export function parseJson(text: string): unknown {
  let [marked, end] = ["", 0];
  for (const { token, index } of tokensOf(text)) {
    if (!Object.hasOwn(BARE, token)) continue;
    marked += text.slice(end, index) + JSON.stringify(`\0${token}`);
    end = index + token.length;
  }
  return JSON.parse(marked + text.slice(end), (_, value: unknown) =>
    typeof value === "string" && value.startsWith("\0") ? BARE[value.slice(1)] : value,
  );
}
