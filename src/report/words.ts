import type { Estimate } from "../challenge/bootstrap.ts";
import { cut } from "../util/cut.ts";
import { formatCount, formatNumber } from "../util/format-number.ts";
import type { PairedTest } from "./comparison.ts";

/** 0.412 */
export const ratio = (value: number) => value.toFixed(3);

/** 0.412 (0.300 to 0.520) */
export const withInterval = ({ value, low, high }: Estimate) => `${ratio(value)} (${ratio(low)} to ${ratio(high)})`;

const signed = (value: number) => (value < 0 ? "−" : "+") + ratio(Math.abs(value));

export const chance = (p: number) => (p < 0.001 ? "below 0.001" : p.toFixed(3));

const LEVEL = 0.05;
/** With fewer rows on one side alone, no two-sided test can come below 5 %: 2 · 0.5⁵ is 0.0625. */
const FEWEST = 6;

/** What a paired test says, for people who do not read p-values. */
export function verdict({
  f1_difference: d,
  only_first_right,
  only_other_right,
  mcnemar,
  ...names
}: PairedTest): string {
  const [first, other] = [cut(names.first, 60), cut(names.other, 60)];
  const differing = only_first_right + only_other_right;
  if (differing === 0) return `${other} and ${first} are right on exactly the same rows.`;
  const better = d.value > 0 ? `${other} scores higher than ${first}` : `${other} scores lower than ${first}`;
  const isF1Sure = d.p < LEVEL && (d.low > 0 || d.high < 0);
  const areRowsSure = mcnemar.mid_p < LEVEL;
  if (isF1Sure && areRowsSure) return `${better}, and both tests say that chance alone would hardly do this.`;
  if (differing < FEWEST) {
    return `${other} against ${first}: no difference can be shown, for only ${differing} rows are right in one and wrong in the other, too few for any test.`;
  }
  if (!isF1Sure && !areRowsSure)
    return `${other} against ${first}: no difference is shown; chance alone makes one as large often enough.`;
  const [yes, no] = isF1Sure
    ? ["the difference of F1 is more than chance would make", "the number of right rows is not"]
    : ["the number of right rows differs by more than chance would make", "the difference of F1 does not"];
  return `${better}, but not beyond doubt: ${yes}, ${no}.`;
}

/** The figures behind {@link verdict}. */
export function testFigures({
  rows,
  f1_difference: d,
  only_first_right,
  only_other_right,
  mcnemar,
}: PairedTest): string {
  return (
    `F1 ${signed(d.value)} (${signed(d.low)} to ${signed(d.high)}, p ${chance(d.p)}) on ${formatCount(rows)} rows; ` +
    `right in the first alone ${formatCount(only_first_right)}, in the other alone ${formatCount(only_other_right)} ` +
    `(McNemar: exact p ${chance(mcnemar.exact)}, mid-p ${chance(mcnemar.mid_p)})`
  );
}

/** One of many tests is below 5 % by chance. */
export function manyTests(tests: number): string | undefined {
  if (tests < 2) return undefined;
  const share = (LEVEL * 100).toFixed(0);
  const strict = formatNumber(Number((LEVEL / tests).toPrecision(2)));
  return `${tests} tests: where no run differs, each is below 0.05 in ${share} of 100 cases all the same. To be sure of all together, look for p below ${strict} (Bonferroni).`;
}

/** 3 h 25 min */
export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const gibibytes = (bytes: number | null) => (bytes === null ? "–" : `${(bytes / 2 ** 30).toFixed(2)} GiB`);

export const rate = (value: number | null) => (value === null ? "–" : formatNumber(Number(value.toPrecision(3))));
