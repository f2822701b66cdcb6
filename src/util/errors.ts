/**
 * An error the user can act on: what is wrong and where (`message`), what to do about it (`hint`).
 * The command line prints both without a stack and leaves with `exitCode`; library callers catch it by class.
 */
export class AmlcError extends Error {
  readonly hint: string | undefined;
  /** 1: the answer is no (a check failed). 2: bad input. 130: interrupted. */
  readonly exitCode: 1 | 2 | 130;
  /** What the command found all the same; `--json` prints it beside the error. */
  readonly report: object | undefined;

  constructor(
    message: string,
    options: { hint?: string; exitCode?: 1 | 2 | 130; cause?: unknown; report?: object } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "AmlcError";
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 2;
    this.report = options.report;
  }
}

/** The input (a file, a row, a key, an argument) is not what it must be. */
export class InputError extends AmlcError {
  override readonly name = "InputError";
}

/** What `work` gives; undefined where its input is not what it must be, and that is no fault here. */
export function ifValid<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The user stopped the program; what was done so far is saved. */
export class InterruptedError extends AmlcError {
  override readonly name = "InterruptedError";
  constructor(message: string, hint?: string) {
    super(message, { exitCode: 130, ...(hint === undefined ? {} : { hint }) });
  }
}
