import { cut } from "../util/cut.ts";
import { formatCount } from "../util/format-number.ts";
import type { Comparison } from "./comparison.ts";
import { duration, gibibytes, manyTests, rate, testFigures, verdict, withInterval } from "./words.ts";

/** A comparison as Markdown: what can be said without pictures. */
export function compareMarkdown({
  runs,
  differences,
  notes,
  tests,
  disagreements,
  split,
  shared_rows,
}: Comparison): string {
  const names = runs.map(({ name }) => plain(name));
  const scored = runs.flatMap(({ name, score }) => (score ? [{ name: plain(name), score }] : []));
  const entities = Object.keys(scored[0]?.score.by_entity ?? {});
  const many = manyTests(tests.length);
  const parts = [
    `# Runs compared\n\nAnswers to ${plain(split)}, ${formatCount(shared_rows)} rows that all evaluated runs share.`,
    notes.map((note) => `- ${plain(note, 400)}`).join("\n"),
    differences.length === 0
      ? "The runs were told the same."
      : `## Settings that differ\n\n${table(
          ["setting", ...names],
          differences.map(({ key, values }) => [plain(key), ...values.map((value) => plain(value ?? "–"))]),
        )}`,
    scored.length > 0 &&
      `## Scores\n\nIn brackets the middle 95 % of 2,000 resamples of the rows.\n\n${table(
        ["run", "F1", "precision", "recall", "accuracy", "accuracy on values not trained on"],
        scored.map(({ name, score }) => [
          name,
          ...[score.f1, score.precision, score.recall, score.accuracy].map(withInterval),
          score.unseen_values?.rows ? withInterval(score.unseen_values.accuracy) : "–",
        ]),
      )}`,
    scored.length > 0 &&
      `## F1 by entity\n\n${table(
        ["entity", ...scored.map(({ name }) => name)],
        entities.map((entity) => [
          plain(entity),
          ...scored.map(({ score }) => (score.by_entity[entity] ? withInterval(score.by_entity[entity].f1) : "–")),
        ]),
      )}`,
    tests.length > 0 &&
      `## Is the difference real?\n\n${tests
        .map((test) => `- **${plain(verdict(test), 400)}** ${testFigures(test)}`)
        .join(
          "\n",
        )}${many ? `\n\n${many}` : ""}\n\n${formatCount(disagreements.rows)} rows are right in one run and wrong in another.`,
    `## Cost\n\n${table(
      ["run", "steps", "training rows", "time in steps", "samples/s", "tokens/s", "peak memory"],
      runs.map((run) => [
        plain(run.name),
        formatCount(run.last_step),
        run.training_rows === null ? "–" : formatCount(run.training_rows),
        duration(run.seconds),
        rate(run.samples_per_s),
        rate(run.tokens_per_s),
        gibibytes(run.peak_memory_bytes),
      ]),
    )}`,
  ];
  return `${parts.filter((part) => part !== false && part !== "").join("\n\n")}\n`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Text that Markdown takes for nothing else, on one line. */
function plain(text: string, longest = 120): string {
  return cut(text, longest).replaceAll(/[\\`*_{}[\]()<>#|~&!]/g, (character) => `\\${character}`);
}
