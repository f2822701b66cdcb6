const FOUR_DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const COUNT = new Intl.NumberFormat("en");

/** Four digits, whole numbers in full: 0.3156, 1,623, 1.5e-5. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(3).replace(/\.?0*e\+?/, "e");
  return Number.isInteger(value) || size >= 1e4 ? COUNT.format(Math.round(value)) : FOUR_DIGITS.format(value);
}

export const formatCount = (count: number) => COUNT.format(count);

export const formatShare = (share: number) => `${(share * 100).toFixed(1)}%`;

/** "1 run", "3 runs". */
export const countOf = (count: number, noun: string) => `${COUNT.format(count)} ${noun}${count === 1 ? "" : "s"}`;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 45 s, 3 min 20 s, 2 h 05 min, 3 d 4 h. */
export function formatDuration(seconds: number): string {
  if (seconds < MINUTE) return `${formatNumber(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${Math.floor(seconds % MINUTE)} s`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${twoDigits((seconds % HOUR) / MINUTE)} min`;
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

/** 2026-11-25 14:03 by the reader's clock; the text itself where it is no time. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const day = [time.getFullYear(), twoDigits(time.getMonth() + 1), twoDigits(time.getDate())].join("-");
  return `${day} ${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}`;
}

const twoDigits = (value: number) => String(Math.floor(value)).padStart(2, "0");

const MIB = 2 ** 20;

/** A number of the history by what its name says it is: bytes as MiB, all others as they are. */
export function formatMetric(metric: string, value: number): string {
  return metric.endsWith("_bytes") ? `${formatNumber(Math.round(value / MIB))} MiB` : formatNumber(value);
}
