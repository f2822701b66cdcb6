import type { DataSettings } from "../../config/data-schema.ts";
import { type Random, random } from "../../util/random.ts";
import { pick, pickWeighted } from "./choose.ts";

/** What a model is asked to learn to read, and what stands there. */
export interface Question {
  readonly prompt: string;
  readonly answer: string;
}

export const QUESTION_KINDS = ["ocr", "after", "before"] as const;

/** Words of a question, and of what comes after it, at most. */
const ASKED = 3;
const ANSWERED = 4;
const ATTEMPTS = 8;

/**
 * Questions about the text of a picture: `ocr` for all of it, `after NET WT` for what comes next in a line, `before kg` for
 * what came last. A number and what touches it are words of their own: after `NET WT`, `34g` is `34 g`. What is asked for stands
 * on the picture once. The same link, text and seed give the same questions.
 */
export function askAbout(link: string, text: string, settings: DataSettings["questions"]): Question[] {
  const stream = random(settings.seed, `questions about ${link}`);
  const lines = text.split("\n").map(wordsOf);
  const whole = { prompt: "ocr", answer: lines.map((words) => words.join(" ")).join("\n") };
  const asked = new Map<string, Question>();
  for (let i = 0; i < ATTEMPTS && asked.size < settings.per_picture; i++) {
    const kind = pickWeighted(stream, QUESTION_KINDS, (name) => settings[name]);
    const question = kind === "ocr" ? whole : askForPart(kind, lines, stream);
    if (question) asked.set(question.prompt, question);
  }
  return [...asked.values()];
}

/** Numbers, and what stands between them and the spaces: `W: 5.5"` is three words. */
const wordsOf = (line: string): string[] => line.match(/[.,]?\d+(?:[.,]\d+)*|[^\s\d]+?(?=[.,]?\d|\s|$)/g) ?? [];

function askForPart(kind: "after" | "before", lines: readonly string[][], random: Random): Question | undefined {
  const words = pick(random, lines);
  if (words.length < 2) return undefined;
  const cut = 1 + random.int(words.length - 1);
  const [left, right] = [words.slice(0, cut), words.slice(cut)];
  const [asked, answer] =
    kind === "after" ? [left.slice(-ASKED), right.slice(0, ANSWERED)] : [right.slice(0, ASKED), lastOf(left)];
  if (countIn(lines, asked) !== 1) return undefined;
  return { prompt: `${kind} ${asked.join(" ")}`, answer: answer.join(" ") };
}

/** `20 cm` of `Width 20 cm`, `46.77` of `Volume 46.77`: the last word, and the number before it. */
const lastOf = (words: readonly string[]) => words.slice(/\d/.test(words.at(-2) ?? "") ? -2 : -1);

/** How often words stand one behind the other. */
function countIn(lines: readonly string[][], words: readonly string[]): number {
  const startsAt = (line: readonly string[], i: number) => words.every((word, k) => line[i + k] === word);
  return lines.reduce((count, line) => count + line.filter((_, i) => startsAt(line, i)).length, 0);
}
