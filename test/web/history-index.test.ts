import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type HistoryNews, readHistories } from "../../src/web/history-index.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const LOSS = { metric: "loss", axis: "step", points: 100 } as const;

function written(name: string, steps: number): string {
  const path = join(folder, `${name}.jsonl`);
  const line = (step: number) => `{"step":${step},"loss":${step === 777 ? 50 : 1},"note":"${"x".repeat(80)}"}\n`;
  writeFileSync(path, Array.from({ length: steps }, (_, i) => line(i + 1)).join(""));
  return path;
}

/** An index, and the news that it tells. */
function openIndex() {
  const news: HistoryNews[] = [];
  let wake = () => {};
  const index = readHistories((one) => {
    news.push(one);
    wake();
  });
  const until = async (count: number) => {
    while (news.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return news;
  };
  return { index, news, until };
}

const [short, long, longer] = [written("short", 3), written("long", 90_000), written("longer", 90_000)];

test("histories are read one after the other, and each is told when it was read, then again when it grows", async () => {
  const { index, until } = openIndex();
  index.look("long", long);
  index.look("short", short);
  expect((await until(2)).map(({ run, summary }) => [run, summary.step])).toEqual([
    ["long", 90_000],
    ["short", 3],
  ]);
  appendFileSync(short, '{"step":4,"loss":2}\n');
  index.look("short", short);
  expect((await until(3))[2]).toMatchObject({ run: "short", summary: { step: 4 }, records: [{ step: 4, loss: 2 }] });
  await index.close();
});

test("a series is there before its history was read, from pieces of it; then it is the next to be read, spikes and all", async () => {
  const { index, news, until } = openIndex();
  for (const [run, path] of Object.entries({ long, other: longer, longer })) index.look(run, path);
  const [early] = await index.series(["longer"], LOSS);
  expect(early).toMatchObject({ run: "longer", isSampled: true, isExact: false });
  await until(1);
  expect(news[0]!.run).toBe("longer");
  const [late] = await index.series(["longer"], LOSS);
  expect(late!.isSampled).toBeUndefined();
  expect(Math.max(...(late!.max as number[]))).toBe(50);
  await index.close();
});

test("of runs that are not known, or forgotten, there is no series", async () => {
  const { index, news } = openIndex();
  index.look("long", long);
  index.forget("long");
  expect(await index.series(["long", "nobody"], LOSS)).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(news).toEqual([]);
  await index.close();
});

test("a history that cannot be read is one without lines", async () => {
  const { index, until } = openIndex();
  index.look("folder", folder);
  expect((await until(1))[0]).toMatchObject({ run: "folder", summary: { step: 0, metrics: {} } });
  expect(await index.series(["folder"], LOSS)).toMatchObject([{ run: "folder", x: [], mean: [] }]);
  rmSync(short);
  index.look("short", short);
  expect((await until(2))[1]).toMatchObject({ run: "short", summary: { step: 0 } });
  await index.close();
});
