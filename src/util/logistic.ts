/** σ(slope · x + offset) as a function of x. */
export interface Logistic {
  readonly slope: number;
  readonly offset: number;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const MOST_STEPS = 100;
const MOST_HALVINGS = 20;
const RIDGE = 1e-9; // for each x: keeps a step finite where all x are equal

/**
 * Minimises the mean cross-entropy of σ(slope · x + offset) with targets from 0 to 1, whose mean is neither, by Newton's
 * method; a step that makes it larger is halved until it does not. Expects x of about size 1.
 */
export function fitLogistic(xs: Float64Array, targets: Float64Array): Logistic {
  const mean = targets.reduce((sum, target) => sum + target, 0) / targets.length;
  let best: Logistic = { slope: 0, offset: Math.log(mean / (1 - mean)) };
  let least = crossEntropy(best, xs, targets);
  for (let i = 0; i < MOST_STEPS; i++) {
    const step = newtonStep(best, xs, targets);
    let next = moved(best, step, 1);
    let loss = crossEntropy(next, xs, targets);
    for (let halvings = 1; loss > least && halvings <= MOST_HALVINGS; halvings++) {
      next = moved(best, step, 2 ** -halvings);
      loss = crossEntropy(next, xs, targets);
    }
    if (loss >= least) break; // what is left is rounding
    [best, least] = [next, loss];
  }
  return best;
}

const moved = (from: Logistic, step: Logistic, share: number): Logistic => ({
  slope: from.slope + share * step.slope,
  offset: from.offset + share * step.offset,
});

/** log(1 + eᶻ) − t·z, mean over the rows. */
function crossEntropy({ slope, offset }: Logistic, xs: Float64Array, targets: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < xs.length; i++) {
    const z = slope * xs[i] + offset;
    sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - targets[i] * z;
  }
  return sum / xs.length;
}

/** −H⁻¹g of the summed cross-entropy. */
function newtonStep({ slope, offset }: Logistic, xs: Float64Array, targets: Float64Array): Logistic {
  const ridge = RIDGE * xs.length;
  let [gradientSlope, gradientOffset, xx, x1, one] = [0, 0, ridge, 0, ridge];
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i];
    const p = sigmoid(slope * x + offset);
    const [error, weight] = [p - targets[i], p * (1 - p)];
    gradientSlope += error * x;
    gradientOffset += error;
    xx += weight * x * x;
    x1 += weight * x;
    one += weight;
  }
  const determinant = xx * one - x1 * x1;
  return {
    slope: (x1 * gradientOffset - one * gradientSlope) / determinant,
    offset: (x1 * gradientSlope - xx * gradientOffset) / determinant,
  };
}
