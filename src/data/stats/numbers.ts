/** A number and how often it is there. */
export interface NumberCount {
  readonly number: number;
  readonly count: number;
}

/** How many numbers there are from `from` on and below `to`. */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const BINS_PER_DECADE = 5;
const [FIRST_BIN, LAST_BIN] = [-4 * BINS_PER_DECADE, 7 * BINS_PER_DECADE - 1];

/** Between the two nearest in proportion, as pandas and arquero have it; null of nothing. */
export function quantile(ascending: readonly NumberCount[], share: number): number | null {
  const total = ascending.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  const place = (total - 1) * share;
  const [below, above] = [numberAt(ascending, Math.floor(place)), numberAt(ascending, Math.ceil(place))];
  return below + (above - below) * (place - Math.floor(place));
}

function numberAt(ascending: readonly NumberCount[], place: number): number {
  let rest = place;
  const found = ascending.find(({ count }) => {
    rest -= count;
    return rest < 0;
  });
  return found!.number;
}

/**
 * The numbers above 0, five bins a decade; empty bins are left out. The first bin, at 0.0001, also has what is smaller,
 * and the last, up to 10 million, what is larger.
 */
export function histogram(ascending: readonly NumberCount[]): readonly HistogramBin[] {
  const bins = new Map<number, number>();
  for (const { number, count } of ascending) {
    if (number <= 0) continue;
    const bin = Math.min(LAST_BIN, Math.max(FIRST_BIN, Math.floor(Math.log10(number) * BINS_PER_DECADE)));
    bins.set(bin, (bins.get(bin) ?? 0) + count);
  }
  return [...bins].map(([bin, count]) => ({ from: edge(bin), to: edge(bin + 1), count }));
}

/** 1, 1.585, 2.512, 3.981, 6.31, 10. */
const edge = (bin: number) => Number((10 ** (bin / BINS_PER_DECADE)).toPrecision(4));
