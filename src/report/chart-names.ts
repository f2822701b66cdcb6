import { cut } from "../util/cut.ts";

const LONGEST = 40;

/** A name as a chart can show it. A word that every object knows, such as `constructor`, gets a space: Vega finds something else under it. */
export function chartName(text: string, longest: number = LONGEST): string {
  const short = cut(text, longest);
  return short in {} ? `${short} ` : short;
}

/**
 * Names for texts, no two alike: what has one name is one thing to a chart. Texts that begin alike are cut in the middle, and
 * numbered where that is not enough.
 */
export function chartNames(texts: readonly string[], longest: number = LONGEST): (text: string) => string {
  const distinct = [...new Set(texts)];
  const cutNames = distinct.map((text) => chartName(text, longest));
  const isAlone = (name: string) => cutNames.indexOf(name) === cutNames.lastIndexOf(name);
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [i, text] of distinct.entries()) {
    const name = isAlone(cutNames[i]) ? cutNames[i] : chartName(withoutMiddle(text, longest), longest);
    const free = firstFree(name, taken, longest);
    taken.add(free);
    names.set(text, free);
  }
  return (text) => names.get(text) ?? chartName(text, longest);
}

function withoutMiddle(text: string, longest: number): string {
  const characters = [...text];
  const kept = Math.floor((longest - 1) / 2);
  return characters.length <= longest
    ? text
    : `${characters.slice(0, kept).join("")}…${characters.slice(-kept).join("")}`;
}

function firstFree(name: string, taken: ReadonlySet<string>, longest: number): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) {
    const ending = ` (${number})`;
    free = chartName(name, longest - ending.length) + ending;
  }
  return free;
}
