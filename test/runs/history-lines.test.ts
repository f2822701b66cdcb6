import { expect, test } from "vitest";
import { historyLines } from "../../src/runs/history-lines.ts";

/** What of each line is read: its numbers by name; "broken" for one that is no record. */
function readAll(text: string, wanted?: readonly string[]) {
  const bytes = Buffer.from(text);
  const lines = historyLines(wanted);
  const read: (Record<string, number> | string)[] = [];
  for (let start = 0; start < bytes.length; ) {
    const next = lines.read(bytes, start);
    start = next < 0 ? ~next : next;
    const columns = [...lines.columns].filter((c) => c >= 0);
    read.push(next < 0 ? "broken" : Object.fromEntries(columns.map((c) => [lines.names[c]!, lines.values[c]!])));
  }
  return read;
}

test("numbers of any name are met as they come, and a line says which of them it has", () => {
  const text = '{"step":1,"loss":2.5}\n{"step":2,"loss":null,"note":"a","eval_f1":0.5}\n{"step":3,"loss":1}\n';
  expect(readAll(text)).toEqual([
    { step: 1, loss: 2.5 },
    { step: 2, loss: Number.NaN, eval_f1: 0.5 },
    { step: 3, loss: 1 },
  ]);
  expect(readAll(text, ["eval_f1"])).toEqual([{}, { eval_f1: 0.5 }, {}]);
});

test("null and powers of ten are read in lines that are alike", () => {
  const text = [3e-8, null, -2.5e-7, 1e21, 4, 1.5e300].map((lr, i) => `${JSON.stringify({ step: i, lr })}\n`).join("");
  expect(readAll(text).map((line) => (line as Record<string, number>).lr)).toEqual([
    3e-8,
    Number.NaN,
    -2.5e-7,
    1e21,
    4,
    1.5e300,
  ]);
});

test.each(['{"step":2,"loss":1e}', '{"step":2,"loss":nul}', '{"step":2,"loss":1.2.3}', '{"step":2,"loss":}', "?", ""])(
  "%s is no record, and the line after it is read",
  (line) => {
    expect(readAll(`{"step":1,"loss":1}\n${line}\n{"step":3,"loss":3}\n`)).toEqual([
      { step: 1, loss: 1 },
      "broken",
      { step: 3, loss: 3 },
    ]);
  },
);

test("a file of another kind, with ever new names, does not fill memory", () => {
  const text = Array.from({ length: 500 }, (_, i) => `{"step":${i},"n${i}":1}\n`).join("");
  const lines = historyLines();
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; ) start = lines.read(bytes, start);
  expect(lines.names).toHaveLength(100);
});
