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

/**
 * The same text in memory of its own: a cell of a table is a view that keeps a stretch of the file, and a view of a text
 * one letter longer keeps just that. V8 has no other way that is as quick.
 */
export function ownCopy(text: string): string {
  return ` ${text}`.slice(1);
}
