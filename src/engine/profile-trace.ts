/** An operator as an engine ran it. */
export interface OperatorTrace {
  readonly operator: string;
  /** What it read and made, such as `[64,128] [128,256] → [64,256]`. */
  readonly shapes: string;
  /** Floating point operations of a product, a multiply-add counts two; 0 of all else. */
  readonly flops: number;
  /** Seconds after the run began. */
  readonly start: number;
  readonly seconds: number;
}

/** What an engine tells of one run of a program. Its operators came one after the other. */
export interface RunTrace {
  readonly seconds: number;
  readonly operators: readonly OperatorTrace[];
}

/** Says that `work` is what is being done from now on, until it is over. */
export type Phase = <T>(name: string, work: () => T | Promise<T>) => Promise<T>;

/** Names what is done to whoever watches an engine; nearly always that is nobody. */
export async function inPhase<T>(
  { phase }: { readonly phase?: Phase },
  name: string,
  work: () => T | Promise<T>,
): Promise<T> {
  return phase ? phase(name, work) : work();
}

/** How a phase is called that computes again what was computed before: its operations are not the model's. */
export const AGAIN = "forward again";

/** Sizes of an operator's operands and results as a line of text: of many the first ones. */
export function formatShapes(inputs: readonly (readonly number[])[], outputs: readonly (readonly number[])[]): string {
  const list = (shapes: readonly (readonly number[])[]) =>
    [...shapes.slice(0, MOST_SHOWN).map((shape) => `[${shape}]`), ...(shapes.length > MOST_SHOWN ? ["…"] : [])].join(
      " ",
    );
  return `${list(inputs)} → ${list(outputs)}`;
}

const MOST_SHOWN = 3;
