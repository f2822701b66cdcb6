/**
 * A length padded up to one of few sizes, so that few programs are compiled: multiples of `unit` up to four of them, and
 * beyond that steps that double with the length. At most a third of a size is padding once it is beyond four units.
 */
export function padLength(length: number, unit: number): number {
  let step = unit;
  while (length > 4 * step) step *= 2;
  return Math.ceil(length / step) * step;
}
