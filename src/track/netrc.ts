/**
 * The password for a host in the text of a netrc file, or that of `default`; undefined when there is none. Words are parted
 * by white space and may stand in quotes; a remark begins with # where no value is awaited.
 */
export function readNetrc(text: string, host: string): string | undefined {
  const passwords = new Map<string, string>();
  let [machine, awaited] = [undefined as string | undefined, undefined as string | undefined];
  for (const line of linesOf(text)) {
    for (const word of wordsOf(line)) {
      if (awaited !== undefined) {
        if (awaited === "machine") machine = word;
        if (awaited === "password" && machine !== undefined) passwords.set(machine, word);
        awaited = undefined;
      } else if (word.startsWith("#")) break;
      else if (word === "default") machine = DEFAULT;
      else if (WITH_VALUE.has(word)) awaited = word;
    }
  }
  return (passwords.get(host) ?? passwords.get(DEFAULT)) || undefined;
}

/** No host is called so. */
const DEFAULT = "";
const WITH_VALUE: ReadonlySet<string> = new Set(["machine", "login", "user", "account", "password"]);

/** Without remarks, and without macros, which go to the next empty line. */
function linesOf(text: string): readonly string[] {
  let inMacro = false;
  return text.split(/\r?\n/).filter((line) => {
    if (/^\s*macdef\b/.test(line)) inMacro = true;
    else if (line.trim() === "") inMacro = false;
    return !inMacro && !/^\s*#/.test(line);
  });
}

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double?.replaceAll(/\\(.)/g, "$1") ?? single ?? bare!,
  );
