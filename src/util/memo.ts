/** `find`, with its results kept for as many different arguments as `room` says; then it starts afresh. */
export function memo<A, R>(find: (argument: A) => R, room = 100_000): (argument: A) => R {
  const known = new Map<A, R>();
  return (argument) => {
    let result = known.get(argument);
    if (result === undefined) {
      if (known.size >= room) known.clear();
      result = find(argument);
      known.set(argument, result);
    }
    return result;
  };
}
