/** Runs that one address may name: the server takes no more, and the page offers no more. */
export const MOST_RUNS = 200;

/**
 * Lines of a chart: of more no two look unlike all others. Each has places of its own on the axis, so that work grows with the
 * square: four charts of 50 smoothed lines stand after 0.9 s, of 100 after 3.2 s, and of 150 they stopped the browser.
 */
export const MOST_LINES = 50;
