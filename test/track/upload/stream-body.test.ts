import * as fc from "fast-check";
import { expect, test } from "vitest";
import { takePortion, type Waiting } from "../../../src/track/upload/stream-body.ts";

const nothing: Waiting = {
  ...{ rows: [], events: [], output: [], summary: undefined, uploaded: [] },
  at: { history: 0, events: 0, output: 0 },
};

test("lines have the numbers that follow those which are there, the summary is always the first", () => {
  const waiting: Waiting = {
    rows: [{ row: 4, step: 5, text: '{"_step":5}' }],
    ...{ events: ["e"], output: ["o", "p"], summary: "{}", uploaded: ["note.txt"] },
    at: { history: 7, events: 8, output: 9 },
  };
  expect(takePortion(waiting, 3).body).toEqual({
    files: {
      "wandb-history.jsonl": { offset: 7, content: ['{"_step":5}'] },
      "wandb-events.jsonl": { offset: 8, content: ["e"] },
      "wandb-summary.json": { offset: 0, content: ["{}"] },
      "output.log": { offset: 9, content: ["o", "p"] },
    },
    ...{ uploaded: ["note.txt"], complete: true, exitcode: 3 },
  });
});

test("nothing to say is an empty request", () => {
  expect(takePortion(nothing).body).toEqual({});
});

test("however little a request holds, all lines go once and in order, and the end with the last of them", () => {
  const texts = fc.array(fc.string({ maxLength: 20 }), { maxLength: 12 });
  fc.assert(
    fc.property(
      texts,
      texts,
      texts,
      fc.option(fc.string(), { nil: undefined }),
      fc.integer({ min: 1, max: 60 }),
      (h, e, o, summary, limit) => {
        let rows = h.map((text, row) => ({ row, step: row, text }));
        let [events, output, rest] = [[...e], [...o], summary];
        const at = { history: 0, events: 0, output: 0 };
        const arrived: Record<string, string[]> = {};
        for (let i = 0; ; i++) {
          const portion = takePortion({ rows, events, output, summary: rest, uploaded: [], at }, 0, limit);
          for (const [file, { offset, content }] of Object.entries(portion.body.files ?? {})) {
            const lines = arrived[file] ?? [];
            arrived[file] = lines;
            content.forEach((line, n) => {
              expect(lines[offset + n]).toBeUndefined();
              lines[offset + n] = line;
            });
          }
          rows = rows.slice(portion.rows);
          events = events.slice(portion.events);
          output = output.slice(portion.output);
          if (portion.hasSummary) rest = undefined;
          at.history += portion.rows;
          at.events += portion.events;
          at.output += portion.output;
          expect(portion.isPart).toBe(!portion.body.complete);
          if (portion.body.complete) break;
          expect(i).toBeLessThan(60);
        }
        expect(arrived["wandb-history.jsonl"] ?? []).toEqual(h);
        expect(arrived["wandb-events.jsonl"] ?? []).toEqual(e);
        expect(arrived["output.log"] ?? []).toEqual(o);
        expect(arrived["wandb-summary.json"]?.[0]).toBe(summary);
      },
    ),
  );
});
