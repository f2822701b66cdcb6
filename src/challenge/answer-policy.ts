/** What to do where a text leaves a choice. */
export interface AnswerPolicy {
  /** 100-240 V: which one is the answer. */
  readonly range: "max" | "min" | "empty";
  /** 2 x 500 g: the value of each, of all, or no answer. */
  readonly pack: "each" | "total" | "empty";
  /** A unit that is not allowed: converted where that can be done, or no answer. */
  readonly unit: "convert" | "empty";
  /** A number as it is written, or always as most labels have it: 34 becomes 34.0. */
  readonly number: "keep" | "float";
  /** No value is found: no answer, or the text as it is. */
  readonly unknown: "empty" | "keep";
}

/** What may happen to an answer; a step names one. */
export const ANSWER_STEPS = [
  "thoughts",
  "text cut",
  "characters",
  "words",
  "other values",
  "side",
  "pack",
  "range",
  "sum",
  "fraction",
  "number word",
  "scientific",
  "thousands",
  "decimal comma",
  "number form",
  "spelling",
  "conversion",
  "unit not allowed",
  "no value",
  "spaces",
] as const;

export interface AnswerStep {
  readonly rule: (typeof ANSWER_STEPS)[number];
  readonly before: string;
  readonly after: string;
}

/** Why there is no answer, as its last step says. */
export interface NoAnswer {
  readonly failure: "no value" | "unit not allowed" | "range" | "pack";
}
