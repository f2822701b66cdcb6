import { ENTITIES, UNIT_SIZES, UNITS } from "../../challenge/entities.ts";
import type { DataSettings } from "../../config/data-schema.ts";
import type { Random } from "../../util/random.ts";
import { chance, pick, pickWeighted, shuffled } from "./choose.ts";
import { type Fact, randomUnit } from "./fact.ts";
import { type Arrow, NOTES, PHRASES, SYLLABLES } from "./phrases.ts";
import { randomNumber, writeQuantity } from "./quantity.ts";

/** A line of text on a label; a number and its unit are joined by a no-break space. */
export interface Line {
  readonly text: string;
  readonly isAnswer: boolean;
  readonly arrow?: Arrow;
}

/** Another length beside a length is what pictures with sides look like, and the harder question. */
const SAME_KIND = 4;
/** Of the lines besides the answer, those that are quantities. */
const QUANTITIES = 0.65;
const INVENTED = 0.3;
const CAPITALS = 0.3;

const kindOf = ({ unit }: Fact) => UNIT_SIZES.get(unit)!.quantity;

/**
 * The lines of a label that answers one question, in random order. No other line is about the entity that is asked for, and
 * where two are of one kind, such as two lengths, a word or an arrow says of each which it is.
 */
export function composeLines(
  answer: Fact,
  { lines, arrows }: DataSettings["synth"],
  inFull: number,
  random: Random,
): readonly Line[] {
  const others = random.int(lines);
  const facts = [answer];
  for (let i = 0; i < others; i++) if (chance(random, QUANTITIES)) facts.push(randomFact(facts, random));
  const notes = Array.from({ length: 1 + others - facts.length }, () => note(random));
  const hasArrows = chance(random, arrows);
  const written = facts.map((fact): Line => {
    const quantity = writeQuantity(fact, inFull, random);
    const { marked, bare, arrow } = PHRASES[fact.entity];
    const isAnswer = fact === answer;
    if (hasArrows && arrow) return { text: quantity, isAnswer, arrow };
    const isAlone = facts.every((other) => other === fact || kindOf(other) !== kindOf(fact));
    const phrase = pick(random, isAlone && bare.length > 0 && chance(random, 0.5) ? bare : marked);
    return { text: inCase(phrase, random).replace("{}", () => quantity), isAnswer };
  });
  return shuffled(random, [...written, ...notes.map((text) => ({ text, isAnswer: false }))]);
}

/** A quantity of an entity that is not there yet. */
function randomFact(facts: readonly Fact[], random: Random): Fact {
  const free = ENTITIES.filter((entity) => facts.every((fact) => fact.entity !== entity));
  const kind = kindOf(facts[0]);
  const entity = pickWeighted(random, free, (name) =>
    UNIT_SIZES.get(UNITS[name][0])!.quantity === kind ? SAME_KIND : 1,
  );
  const sibling = facts.find((fact) => (UNITS[entity] as readonly string[]).includes(fact.unit));
  const unit = sibling && chance(random, 0.7) ? sibling.unit : randomUnit(entity, random); // sides share their unit
  return { entity, number: randomNumber(random), unit };
}

function note(random: Random): string {
  if (chance(random, INVENTED)) {
    const name = Array.from({ length: 2 + random.int(2) }, () => pick(random, SYLLABLES)).join("");
    return inCase(name[0].toUpperCase() + name.slice(1), random);
  }
  const filled = pick(random, NOTES)
    .replace(/#/g, (_, at: number, all: string) => String(all[at - 1] === "#" ? random.int(10) : 1 + random.int(9)))
    .replace(/@/g, () => String.fromCharCode(65 + random.int(26)));
  return /\d/.test(filled) ? filled : inCase(filled, random);
}

const inCase = (text: string, random: Random) => (chance(random, CAPITALS) ? text.toUpperCase() : text);
