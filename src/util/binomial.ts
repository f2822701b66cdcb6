import type { Random } from "./random.ts";

const KNOWN = 256;
const KNOWN_LOG_FACTORIALS = new Float64Array(KNOWN);
for (let n = 2; n < KNOWN; n++) KNOWN_LOG_FACTORIALS[n] = KNOWN_LOG_FACTORIALS[n - 1] + Math.log(n);

/** ln n!, by Stirling's series where n is large: its error is below 1e-15 there. */
export function logFactorial(n: number): number {
  if (n < KNOWN) return KNOWN_LOG_FACTORIALS[n];
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + (1 / 12 - 1 / (360 * n * n)) / n;
}

/** Chance of `k` heads in `n` throws of a fair coin. */
export function fairCoin(k: number, n: number): number {
  return Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) - n * Math.LN2);
}

/** How many of `n` trials succeed when each does with chance `p`: a draw of Bin(n, p). */
export function drawBinomial(random: Random, n: number, p: number): number {
  if (n === 0 || p <= 0) return 0;
  if (p > 0.5) return n - drawBinomial(random, n, 1 - p);
  return n * p < 10 ? byInversion(random, n, p) : byRejection(random, n, p);
}

/** Walks up the distribution until a uniform number is used up. */
function byInversion(random: Random, n: number, p: number): number {
  const odds = p / (1 - p);
  for (;;) {
    let chance = Math.exp(n * Math.log1p(-p));
    let rest = random.uniform();
    for (let k = 0; k <= n; k++) {
      if (rest < chance) return k;
      rest -= chance;
      chance *= (odds * (n - k)) / (k + 1);
    }
  } // a rest of rounding, less often than once in 1e12 draws
}

/** BTRS: transformed rejection (Hörmann 1993), in constant time. */
function byRejection(random: Random, n: number, p: number): number {
  const spread = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const alpha = (2.83 + 5.1 / b) * spread;
  const squeeze = 0.92 - 4.2 / b;
  const logOdds = Math.log(p / (1 - p));
  const mode = Math.floor((n + 1) * p);
  const atMode = logFactorial(mode) + logFactorial(n - mode);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = 1 - random.uniform();
    const edge = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / edge + b) * u + n * p + 0.5);
    if (edge >= 0.07 && v <= squeeze) return k;
    if (k < 0 || k > n) continue;
    const ratio = atMode - logFactorial(k) - logFactorial(n - k) + (k - mode) * logOdds;
    if (Math.log((v * alpha) / (a / (edge * edge) + b)) <= ratio) return k;
  }
}
