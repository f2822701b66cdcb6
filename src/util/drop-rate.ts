/** Dropout draws a byte for each element: rates are kept in 256ths. */
const BYTES = 256;

/** Of 256 equally likely bytes, how many drop an element. */
export const droppedBytes = (rate: number): number => Math.round(rate * BYTES);

/** What is wrong with a rate between 0 and 1 that would be kept as one of these; undefined where nothing is. */
export function faultOfRate(rate: number): string | undefined {
  const dropped = droppedBytes(rate);
  if (rate > 0 && dropped === 0) return `is kept in 256ths, and rounds to 0: the least above it is ${1 / BYTES}`;
  if (rate < 1 && dropped === BYTES) return `is kept in 256ths, and rounds to 1: the most below it is ${1 - 1 / BYTES}`;
  return undefined;
}
