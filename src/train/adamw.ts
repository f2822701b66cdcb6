export interface AdamWConfig {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
}

/** First and second moments of every trained number, and how many steps went into them. */
export interface AdamWState {
  readonly first: Float32Array;
  readonly second: Float32Array;
  step: number;
}

export function startAdamW(size: number): AdamWState {
  return { first: new Float32Array(size), second: new Float32Array(size), step: 0 };
}

/** Numbers from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Whether weight decay pulls at them: vectors, such as biases and norms, are left alone, as transformers' Trainer does. */
  readonly decays: boolean;
}

/**
 * One step of Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), as torch.optim.AdamW computes it.
 * Changes `parameters` and `state` in place.
 */
export function stepAdamW(
  parameters: Float32Array,
  gradient: Float32Array,
  state: AdamWState,
  lr: number,
  { betas: [beta1, beta2], eps, weight_decay }: AdamWConfig,
  spans: readonly Span[] = [{ start: 0, end: parameters.length, decays: true }],
): void {
  state.step++;
  const { first, second } = state;
  const stepSize = lr / (1 - beta1 ** state.step);
  const correction = Math.sqrt(1 - beta2 ** state.step);
  for (const { start, end, decays } of spans) {
    const decay = decays ? 1 - lr * weight_decay : 1;
    for (let i = start; i < end; i++) {
      const g = gradient[i]!;
      const m = first[i]! + (1 - beta1) * (g - first[i]!);
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      parameters[i] = parameters[i]! * decay - (stepSize * m) / (Math.sqrt(v) / correction + eps);
    }
  }
}

/** √Σg², summed in float64. */
export function gradientNorm(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!;
  return Math.sqrt(sum);
}

/** Scales the gradient so that its norm is at most `maxNorm` (Pascanu et al. 2013), as torch's clip_grad_norm_ does. */
export function clipGradient(gradient: Float32Array, norm: number, maxNorm: number): void {
  const factor = maxNorm / (norm + 1e-6);
  if (factor >= 1) return;
  for (let i = 0; i < gradient.length; i++) gradient[i]! *= factor;
}
