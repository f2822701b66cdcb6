/**
 * The password for a host in the text of a netrc file, or that of `default`; undefined when there is none. Words are parted
 * by white space and may stand in quotes.
 */
export function readNetrc(text: string, host: string): string | undefined {
  const passwords = new Map<string, string>();
  const words = wordsOf(text);
  for (let i = 0, machine: string | undefined; i < words.length; i++) {
    const word = words[i]!;
    if (word === "default") machine = DEFAULT;
    else if (word === "machine") machine = words[++i];
    else if (word === "login" || word === "user" || word === "account") i++;
    else if (word === "password" && machine !== undefined) passwords.set(machine, words[++i] ?? "");
  }
  return (passwords.get(host) ?? passwords.get(DEFAULT)) || undefined;
}

/** No host is called so. */
const DEFAULT = "";

/** Without comments, and without macros, which go to the next empty line. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let inMacro = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*macdef\b/.test(line)) inMacro = true;
    else if (line.trim() === "") inMacro = false;
    if (inMacro || /^\s*#/.test(line)) continue;
    for (const [, double, single, bare] of line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)) {
      words.push(double?.replaceAll(/\\(.)/g, "$1") ?? single ?? bare!);
    }
  }
  return words;
}
