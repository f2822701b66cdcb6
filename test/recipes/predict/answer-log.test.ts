import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Entry, openAnswerLog, readAnswerLog } from "../../../src/recipes/predict/answer-log.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
let tries = 0;

const confidence = fc.double({ min: 0, max: 1, noNaN: true }).map((c) => c + 0); // JSON has no -0
const text = fc.string({ unit: "grapheme" });
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    ...{ index: fc.nat(20), text, confidence },
    others: fc.array(fc.record({ text, confidence }), { maxLength: 3 }),
  }),
  fc.record({ index: fc.nat(20), fault: text, image: fc.option(text) }),
);

test("wherever a log breaks off, the batches before are there, and it goes on behind them", async () => {
  const batches = fc.array(fc.array(entry, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(batches, fc.double({ min: 0, max: 1, noNaN: true }), entry, async (batches, share, later) => {
      const path = join(folder, `${tries++}.jsonl`);
      const bytes = await logged(path, batches);
      const cut = bytes.subarray(0, Math.floor(share * bytes.length));
      const broken = join(folder, `${tries++}.jsonl`);
      appendFileSync(broken, cut);
      const kept = batches.slice(0, cut.filter((byte) => byte === 10).length);
      expect(await readAnswerLog(broken)).toEqual(lastOf(kept.flat()));
      await logged(broken, [[later]]);
      expect(await readAnswerLog(broken)).toEqual(lastOf([...kept.flat(), later]));
    }),
    { numRuns: 30 },
  );
});

async function logged(path: string, batches: readonly (readonly Entry[])[]): Promise<Buffer> {
  const log = await openAnswerLog(path);
  for (const batch of batches) await log.append(batch);
  await log.close();
  return readFileSync(path);
}

const lastOf = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entry.index, entry]));

test("a line that no log has is named", async () => {
  const path = join(folder, "damaged.jsonl");
  appendFileSync(path, '[{"index":3,"text":"1 gram","confidence":0.5,"others":[]}]\n[{"index":4,"text":7}]\n');
  await expect(readAnswerLog(path)).rejects.toThrow(`${path}:2`);
});
