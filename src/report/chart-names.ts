import { cut } from "../util/cut.ts";

const LONGEST = 40;

/** A name as a chart can show it. A word that every object knows, such as `constructor`, gets a space: Vega finds something else under it. */
export function chartName(text: string, longest: number = LONGEST): string {
  const short = cut(text, longest);
  return short in {} ? `${short} ` : short;
}
