import { splitOfficial, strip } from "./answer.ts";

/** How the text of a label is written. */
export type LabelForm = "official" | "range" | "scientific" | "empty" | "other";

/** A label of the training data, taken apart. */
export interface Label {
  readonly text: string;
  readonly form: LabelForm;
  /** The numbers as written: two of a range, none of other texts. */
  readonly numbers: readonly string[];
  /** What follows the numbers; "" where that is not clear. */
  readonly unit: string;
}

const NUMBER = "-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?";
const LIST = new RegExp(`^\\[(${NUMBER}), *(${NUMBER})\\] +([a-z ]+)$`, "i");
const FROM_TO = new RegExp(`^(${NUMBER}) *([a-z ]+?) +to +(${NUMBER}) *([a-z ]+)$`, "i");
const SCIENTIFIC = /^(-?\d+(?:\.\d+)?) ?(e[+-]?\d+) +([a-z ]+)$/i;
const LONGEST = 200;

/** Reads a label as it stands in the challenge's files. Spaces at both ends are not part of it. */
export function readLabel(cell: string): Label {
  const text = strip(cell);
  const label = (form: LabelForm, numbers: readonly string[], unit: string): Label => ({ text, form, numbers, unit });
  if (text === "") return label("empty", [], "");
  const official = splitOfficial(text);
  if (official) return label("official", [official[0]], official[1]);
  if (text.length > LONGEST) return label("other", [], ""); // the patterns below look at a text more than once
  const list = LIST.exec(text);
  if (list) return label("range", [list[1], list[2]], list[3]);
  const range = FROM_TO.exec(text);
  if (range && range[2] === range[4]) return label("range", [range[1], range[3]], range[2]);
  const scientific = SCIENTIFIC.exec(text);
  return scientific ? label("scientific", [scientific[1] + scientific[2]], scientific[3]) : label("other", [], "");
}
