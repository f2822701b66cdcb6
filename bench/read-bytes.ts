import { openSync, readSync } from "node:fs";

/** What wc does, in Node: reads files and counts lines, words and bytes. The least that any reader of them can take. */
const buffer = Buffer.alloc(2 ** 20);
const isSpace = Uint8Array.from({ length: 256 }, (_, byte) => +(byte === 32 || (byte >= 9 && byte <= 13)));
for (const path of process.argv.slice(2)) {
  const file = openSync(path, "r");
  let [lines, words, bytes, inWord] = [0, 0, 0, 0];
  const read = () => readSync(file, buffer, 0, buffer.length, null);
  for (let count = read(); count > 0; count = read()) {
    bytes += count;
    for (let i = 0; i < count; i++) {
      const space = isSpace[buffer[i]];
      words += space & inWord;
      inWord = space ^ 1;
      if (buffer[i] === 10) lines++;
    }
  }
  process.stdout.write(`${lines} ${words + inWord} ${bytes} ${path}\n`);
}
