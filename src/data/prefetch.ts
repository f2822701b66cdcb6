/**
 * Prepares items ahead of whoever takes the results: while one result is in use, the next `ahead` are made. Results come in
 * the order of the items, an error comes where its result would have, and no more than `ahead` + 1 results exist.
 * @throws the signal's reason once it is aborted.
 */
export async function* prefetch<I, T>(
  items: Iterable<I>,
  prepare: (item: I) => Promise<T>,
  ahead: number,
  signal?: AbortSignal,
): AsyncGenerator<T, void, void> {
  const iterator = items[Symbol.iterator]();
  const started: Promise<T>[] = [];
  const startUpTo = (count: number) => {
    while (started.length < count) {
      const next = iterator.next();
      if (next.done) return;
      const result = prepare(next.value);
      result.catch(() => {}); // thrown when its turn comes; until then it is no unhandled rejection
      started.push(result);
    }
  };
  for (startUpTo(ahead + 1); started.length > 0; startUpTo(ahead + 1)) {
    const result = started.shift()!;
    startUpTo(ahead);
    yield await unlessAborted(result, signal);
  }
}

async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  signal.throwIfAborted();
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
