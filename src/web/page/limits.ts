/** Runs that one address may name: the server takes no more, and the page offers no more. */
export const MOST_RUNS = 200;
