/**
 * `find`, with its results kept for as many different texts as `room` says; then it starts afresh. `find` gets a copy of
 * the text, so that what is kept holds no more than itself.
 */
export function memo<R>(find: (text: string) => R, room = 100_000): (text: string) => R {
  const known = new Map<string, R>();
  return (text) => {
    let result = known.get(text);
    if (result === undefined) {
      if (known.size >= room) known.clear();
      const own = ownCopy(text);
      result = find(own);
      known.set(own, result);
    }
    return result;
  };
}

/** The same text in memory of its own: a cell of a table is a view that keeps a stretch of the file. */
export function ownCopy(text: string): string {
  return text.length < SHORTEST_VIEW ? text : Buffer.from(text, "utf16le").toString("utf16le");
}

/** V8 copies what is shorter when it slices. */
const SHORTEST_VIEW = 13;
