import type { DataSettings } from "../../config/data-schema.ts";
import { linksOf } from "../../data/image-links.ts";
import { askAbout, QUESTION_KINDS } from "../../data/synth/questions.ts";
import { readTable } from "../../data/table.ts";
import { writeTable } from "../../data/table-write.ts";
import { InputError } from "../../util/errors.ts";
import { checkSettings, refuseOverwrite, siblingTable } from "./table-job.ts";

export interface QuestionsOptions {
  /** A table of drawn pictures, as {@link synthTable} writes it; what stands on them is read from the one beside it. */
  readonly input: string;
  readonly output: string;
  readonly settings: DataSettings["questions"];
}

export interface QuestionsReport {
  readonly file: string;
  readonly pictures: number;
  readonly rows: number;
  /** Rows by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly seed: number;
}

/**
 * Writes questions about the text of drawn pictures as training rows, each with a prompt of its own.
 * @throws InputError when a table is not as synthTable writes it
 */
export async function askQuestions({ input, output, settings: unchecked }: QuestionsOptions): Promise<QuestionsReport> {
  const { questions: settings } = checkSettings({ questions: unchecked });
  const texts = siblingTable(input, "text");
  await refuseOverwrite([input, texts], [output]);
  const [pictures, told] = await Promise.all([
    readTable(input, ["image_link", "entity_name"]),
    readTable(texts, ["image_link", "text"]),
  ]);
  const [links, entities] = [linksOf(pictures), pictures.column("entity_name")];
  const [toldLinks, lines] = [linksOf(told), told.column("text")];
  const kinds: Record<string, number> = Object.fromEntries(QUESTION_KINDS.map((kind) => [kind, 0]));
  const rows = links.flatMap((link, row) => {
    if (toldLinks[row] !== link) {
      throw new InputError(
        `${texts}: line ${told.lineOf(row)} is not about ${link}, as line ${pictures.lineOf(row)} of ${input} is`,
        {
          hint: "both tables must be as amlc data synth wrote them",
        },
      );
    }
    return askAbout(link, lines[row], settings).map(({ prompt, answer }) => {
      kinds[prompt.split(" ", 1)[0]]++;
      return { image_link: link, entity_name: entities[row], entity_value: answer, prompt };
    });
  });
  await writeTable(output, ["image_link", "entity_name", "entity_value", "prompt"], rows);
  return { file: output, pictures: links.length, rows: rows.length, kinds, seed: settings.seed };
}
