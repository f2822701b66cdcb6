// Made once: toLocaleString makes one for each number, which takes longer than all the rest.
const COUNT = new Intl.NumberFormat("en-US");
const SHARE = new Intl.NumberFormat("en-US", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const SIX_DIGITS = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });

export const formatCount = (count: number) => COUNT.format(count);

export const formatShare = (share: number) => (share > 0 && share < 0.0005 ? "<0.1%" : SHARE.format(share));

/** Six digits: 0.5, 12,000, 2.50e14; null as a dash. */
export function formatNumber(number: number | null): string {
  if (number === null) return "–";
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return number.toExponential(2).replace("e+", "e");
  return SIX_DIGITS.format(number);
}
