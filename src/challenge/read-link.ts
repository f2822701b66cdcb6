import type { AnswerRules } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import type { Wanted } from "./read-unit.ts";
import type { Link } from "./value.ts";

/** What stands between two numbers, words that say nothing left out. */
export function readLink(tokens: readonly Token[], from: number, to: number, wanted: Wanted, rules: AnswerRules): Link {
  let link: Link = "none";
  let [found, isNamed, isSlash] = [0, false, false];
  let at = from;
  while (at < to) {
    const times = rules.times.match(tokens, at);
    const tolerance = times ? undefined : rules.tolerances.match(tokens, at);
    const range = times ?? tolerance ?? rules.ranges.match(tokens, at);
    const side = wanted.hasSides && !range ? rules.dimensions.match(tokens, at) : undefined;
    const idle = side ?? rules.noise.match(tokens, at);
    if (side) isNamed = true;
    if (range) {
      const isSaidTwice = rules.alternatives.match(tokens, at) !== undefined;
      link = times ? "times" : tolerance ? "tolerance" : isSaidTwice ? "alternative" : "range";
      isSlash ||= tokens[at].key === "/";
      found++;
    } else if (tokens[at].key === "," && isInList(tokens, at)) {
      link = "range";
      found++;
    } else if (!idle && !isIdleMark(tokens, at, wanted, rules)) return "none";
    if (isSlash && tokens[at].key === ":") return "none"; // Net: 250 g / Gross: 300 g
    at = range?.next ?? idle?.next ?? at + 1;
  }
  return found === 1 && (link === "times" || !isNamed) ? link : "none"; // 60 cm wide and 80 cm high
}

/** Closing brackets, commas beside a word, and brackets around the name of a side. */
function isIdleMark(tokens: readonly Token[], at: number, wanted: Wanted, rules: AnswerRules): boolean {
  const { key } = tokens[at];
  if (key === ")" || key === "]" || key === "*" || key === ",") return true;
  return key === "(" && wanted.hasSides && rules.dimensions.match(tokens, at + 1) !== undefined;
}

function isInList(tokens: readonly Token[], at: number): boolean {
  for (let i = at; i >= 0; i--) {
    if (tokens[i].key === "]") return false;
    if (tokens[i].key === "[") return true;
  }
  return false;
}
