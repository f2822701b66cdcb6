import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { decodeSafetensors } from "../../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../../src/formats/safetensors-write.ts";
import { loadCheckpoint } from "../../../src/runs/checkpoints.ts";
import { readHistory } from "../../../src/runs/history.ts";
import { PACKAGE_ROOT } from "../../../src/util/package.ts";
import type { Tensor } from "../../../src/util/tensor.ts";
import { historyOf, SHIPPED, trainTiny, writeQuickRows } from "../../support/runs.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const runs = join(folder, "runs");
const quickRows = writeQuickRows(join(folder, "quick.csv"));
const HEADER = "image_link,group_id,entity_name,entity_value";

let runsMade = 0;
/** A short run on the quick rows. @returns the exit code, and where the run is, if it was made */
async function train(...sets: readonly string[]): Promise<{ code: number; path: string }> {
  const name = `run-${++runsMade}`;
  const short = ["train.max_steps=2", "train.warmup_steps=0", "eval.max_rows=2", `data.train=${quickRows}`];
  return {
    code: await runProgram(trainTiny(...short, `run.dir=${runs}`, `run.name=${name}`, ...sets)),
    path: join(runs, name),
  };
}

/** Training is refused: exit code 2, every part of the message, and no run folder. */
async function expectRefusal(sets: readonly string[], ...parts: readonly (string | RegExp)[]): Promise<void> {
  const { code, path } = await train(...sets);
  expect(code, printed.err).toBe(2);
  for (const part of parts) expect(printed.err).toMatch(part);
  expect(printed.out).toBe("");
  expect(existsSync(path), "a run folder was left behind").toBe(false);
}

function writeRows(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe("amlc train", () => {
  test("--json prints one document; history, configuration, environment and checkpoints are in the run's folder", async () => {
    const args = trainTiny(
      `data.train=${quickRows}`,
      "train.epochs=2",
      "eval.every=2",
      "eval.max_rows=2",
      `run.dir=${runs}`,
      "run.name=told",
    );
    expect(await runProgram([...args, "--json"])).toBe(0);
    const path = join(runs, "told");
    expect(JSON.parse(printed.out)).toEqual({
      run: path,
      steps: 4,
      loss: expect.any(Number),
      best: { step: expect.any(Number), value: expect.any(Number) },
      loss_curve: join(path, "loss-curve.svg"),
    });
    expect(readdirSync(path).sort()).toEqual([
      "checkpoints",
      "config.yaml",
      "environment.json",
      "eval-val.json",
      "history.jsonl",
      "loss-curve.svg",
      "outcome.json",
      "predictions-val.csv",
    ]);
    for (const record of readHistory(join(path, "history.jsonl"))) {
      for (const key of ["step", "epoch", "loss", "grad_norm", "lr", "samples_per_s", "tokens_per_s", "rss_bytes"]) {
        expect(record[key], `${key} of step ${record.step}`).toEqual(expect.any(Number));
      }
    }
    for (const which of ["last", "best"]) {
      const files = Object.keys(await loadCheckpoint(join(path, "checkpoints", which)));
      expect(files).toEqual(
        expect.arrayContaining(["adapter_config.json", "adapter_model.safetensors", "trainer.json"]),
      );
    }
    expect(JSON.parse(readFileSync(join(path, "environment.json"), "utf8"))).toMatchObject({
      seed: 0,
      versions: { amlc: expect.any(String), node: process.versions.node },
      data: { [quickRows]: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  test("an error is the one document with --json too", async () => {
    expect(await runProgram(["train", "--resume", join(runs, "nowhere"), "--json"])).toBe(2);
    expect(JSON.parse(printed.out)).toMatchObject({
      error: { message: expect.stringContaining("there is no such run") },
    });
  });

  test("wants a configuration or a run, not both", async () => {
    expect(await runProgram(["train"])).toBe(2);
    expect(printed.err).toContain("neither --config nor --resume is given");
    expect(await runProgram(["train", "--resume", "a", "--config", "b"])).toBe(2);
    expect(printed.err).toContain("resume and config are mutually exclusive");
  });

  test("goes on with a run by its own settings, all but those of engine and trackers", async () => {
    const { path } = await train();
    const resume = (set: string) => runProgram(["train", "--resume", path, "--set", set]);
    const before = readFileSync(join(path, "config.yaml"), "utf8");
    expect(await resume("train.lr=1")).toBe(2);
    expect(printed.err).toContain("--set train.lr=1: a run goes on with its own settings, all but those of engine");
    expect(printed.err).toContain(`hint: edit ${join(path, "config.yaml")}`);
    expect(await resume("engine.name=abacus")).toBe(2);
    expect(readFileSync(join(path, "config.yaml"), "utf8")).toBe(before);
    expect(await resume("engine.threads=2"), printed.err).toBe(0);
    expect(readFileSync(join(path, "config.yaml"), "utf8")).toBe(before.replace("threads: 1", "threads: 2"));
  });

  test("help lists every setting", async () => {
    expect(await runProgram(["train", "--help"])).toBe(0);
    expect(printed.out).toMatch(/data\.max_bad_rows +100 +rows with a missing or broken image/);
  });
});

describe("a configuration is refused", () => {
  test.each([
    [
      "with a misspelt key",
      "base: checkpoints/tiny\ndata: { train: a.csv, images: i }\nlora: { rnak: 4 }\n",
      ":3",
      "lora.rnak",
      "rank",
    ],
    ["without a needed key", "base: checkpoints/tiny\ndata: { train: a.csv }\n", "data.images"],
    ["with rank 0", "base: b\ndata: { train: a.csv, images: i }\nlora: { rank: 0 }\n", "lora.rank is 0"],
    ["that is no YAML", "base: [checkpoints\n", "config.yaml"],
  ])("%s", async (_, text, ...parts) => {
    const file = writeRows("config.yaml", text);
    expect(await runProgram(["train", "--config", file, "--set", `run.dir=${join(folder, "none")}`])).toBe(2);
    for (const part of parts) expect(printed.err).toContain(part);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  test("whose run exists already; that run stays as it is", async () => {
    const { path } = await train("run.name=taken");
    expect((await train("run.name=taken")).code).toBe(2);
    expect(printed.err).toContain(`${path.replace(/run-\d+$/, "taken")}: this run exists already`);
    expect(historyOf(join(runs, "taken"))).toHaveLength(2);
  });
});

describe("a CSV of rows", () => {
  const good = `https://x/31EvJszFVfL.jpg,1,item_weight,5 gram`;
  test.each([
    [
      "without a needed column",
      `image_link,group_id,entity_name\nhttps://x/a.jpg,1,width\n`,
      "lacks the column entity_value",
    ],
    [
      "with a quote left open",
      `${HEADER}\n${good}\n"https://x/a.jpg,1,width,5 gram\n`,
      "line 3: a quote that opens in this row is never closed",
    ],
    ["that is empty", "", "is empty"],
    ["with a header alone", `${HEADER}\n`, "has a header and no rows"],
    ["with a cell too many", `${HEADER}\n${good},more\n`, "line 2: the row has 5 cells, the header has 4"],
  ])("%s is refused", async (_, text, message) => {
    const file = writeRows("rows.csv", text);
    await expectRefusal([`data.train=${file}`], `${file}: ${message}`);
    await expectRefusal([`data.val=${file}`, "eval.every=1"], `${file}: ${message}`);
  });

  test("that is not there is refused, for validation too", async () => {
    await expectRefusal(["data.train=nowhere.csv"], "nowhere.csv: could not be read: no such file");
    await expectRefusal(["data.val=nowhere.csv"], "nowhere.csv: could not be read: no such file");
  });

  test("with one row is enough", async () => {
    const { code, path } = await train(`data.train=${writeRows("one.csv", `${HEADER}\n${good}\n`)}`);
    expect(code, printed.err).toBe(0);
    expect(historyOf(path).map(({ samples }) => samples)).toEqual([1, 1]);
  });
});

describe("rows whose photograph is missing or broken", () => {
  const images = join(folder, "images");
  mkdirSync(images);
  const small = readFileSync(quickRows, "utf8").trimEnd();
  for (const [name] of small.matchAll(/[^/]+\.jpg/g)) copyFileSync(join(SHIPPED, "images", name), join(images, name));
  writeFileSync(join(images, "text.jpg"), "no image");
  copyFileSync(join(SHIPPED, "images", "51b9JEHOriL.jpg"), join(images, "cut.jpg"));
  truncateSync(join(images, "cut.jpg"), 20_000); // the header, which is looked at first, is whole
  const row = (name: string) => `https://x/${name},1,item_weight,5 gram`;
  const rows = writeRows("broken.csv", `${small}\n${["gone.jpg", "text.jpg", "cut.jpg"].map(row).join("\n")}\n`);
  const sets = [`data.train=${rows}`, `data.images=${images}`];

  test("are counted, told of and passed over", async () => {
    const { code, path } = await train(...sets, "train.max_steps=null", "train.epochs=2");
    expect(code, printed.err).toBe(0);
    expect(printed.err).toContain(
      `${rows}: 2 of 9 rows are passed over; the first: line 8: ${join(images, "gone.jpg")}: no such image`,
    );
    expect(
      printed.err.match(/line 10: passed over: .*cut\.jpg: is no image that can be read/g),
      "told of once",
    ).toHaveLength(1);
    const samples = historyOf(path).map(({ samples }) => samples as number);
    expect(samples.reduce((a, b) => a + b)).toBe(2 * 6);
  });

  test("stop the run when they are too many, at the start or on the way", async () => {
    await expectRefusal(
      [...sets, "data.max_bad_rows=1"],
      "2 of 9 rows are bad, data.max_bad_rows allows 1",
      "line 8: ",
      "line 9: ",
    );
    const { code } = await train(...sets, "data.max_bad_rows=2", "train.max_steps=null", "train.epochs=1");
    expect(code).toBe(2);
    expect(printed.err).toMatch(/3 of 9 rows are bad, data\.max_bad_rows allows 2(.|\n)*line 10: .*cut\.jpg/);
  });

  test("stop the run when no other is left", async () => {
    const file = writeRows("bad.csv", `${HEADER}\n${row("gone.jpg")}\n`);
    await expectRefusal([`data.train=${file}`], "1 of 1 rows are bad, no row is left");
  });
});

describe("a base checkpoint is refused", () => {
  const TINY = join(PACKAGE_ROOT, "checkpoints", "tiny");
  const weights = readFileSync(join(TINY, "model.safetensors"));

  function brokenBase(name: string, breakIt: (folder: string) => void): string {
    const base = join(folder, name);
    cpSync(TINY, base, { recursive: true });
    breakIt(base);
    return base;
  }
  /** The weights behind a changed header. */
  function withHeader(change: (header: string) => string): Buffer {
    const length = Number(weights.readBigUInt64LE());
    const header = Buffer.from(change(weights.toString("utf8", 8, 8 + length)));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([size, header, weights.subarray(8 + length)]);
  }

  test("that is not there", () => expectRefusal(["base=nowhere"], "nowhere: no such folder"));

  test("with a missing shard", async () => {
    const base = brokenBase("sharded", (path) => {
      rmSync(join(path, "model.safetensors"));
      const weight_map = { "model.norm.weight": "model-00002-of-00002.safetensors" };
      writeFileSync(join(path, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
    });
    await expectRefusal(
      [`base=${base}`],
      "model.safetensors.index.json: 1 of 1 shards missing: model-00002-of-00002.safetensors",
    );
  });

  test.each([
    ["with a file cut short", (file: string) => truncateSync(file, weights.length - 1000)],
    ["with a file cut short in its header", (file: string) => truncateSync(file, 100)],
    [
      "whose header is longer than the file",
      (file: string) => writeFileSync(file, Buffer.from("ffffffffffffff7f7b7d", "hex")),
    ],
    [
      "whose header lies about an offset",
      (file: string) =>
        writeFileSync(
          file,
          withHeader((h) => h.replace(/"data_offsets":\[\d+,/, '"data_offsets":[4,')),
        ),
    ],
    [
      "whose header lies about a shape",
      (file: string) =>
        writeFileSync(
          file,
          withHeader((h) => h.replace(/"shape":\[\d+/, '"shape":[77')),
        ),
    ],
  ] as const)("%s", async (name, breakFile) => {
    const base = brokenBase(name.replaceAll(" ", "-"), (path) => breakFile(join(path, "model.safetensors")));
    await expectRefusal([`base=${base}`], join(base, "model.safetensors"));
  });

  test("with weights that are NaN, which it names", async () => {
    const tensors = new Map(await decodeSafetensors("tiny", weights));
    const [name, broken] = [...tensors].find(([name]) => name.endsWith("q_proj.weight"))!;
    (broken as Tensor<"f32">).data[3] = Number.NaN;
    const base = brokenBase("nan", (path) =>
      writeFileSync(join(path, "model.safetensors"), encodeSafetensors(tensors)),
    );
    await expectRefusal([`base=${base}`], `${join(base, "model.safetensors")}: ${name}: 1 of 4096 numbers are NaN`);
  });
});

describe("an adapter to start from is refused", () => {
  const START = join(import.meta.dirname, "..", "..", "goldens", "training", "adapter-start");

  test("when its modules are not the configuration's", async () => {
    await expectRefusal(
      [`lora.init_adapter=${START}`, "lora.targets=[q_proj]"],
      `${START}: the adapter's modules are not the model's: it has 16 that lora.targets does not name`,
      "k_proj",
    );
  });

  test("when keys of it are missing or unknown", async () => {
    const adapter = join(folder, "adapter");
    cpSync(START, adapter, { recursive: true });
    const file = join(adapter, "adapter_model.safetensors");
    const tensors = new Map(await decodeSafetensors(file, readFileSync(file)));
    const [lost] = [...tensors.keys()];
    const without = new Map([...tensors].filter(([name]) => name !== lost));
    writeFileSync(file, encodeSafetensors(without));
    await expectRefusal([`lora.init_adapter=${adapter}`], file);
    writeFileSync(
      file,
      encodeSafetensors(new Map([...tensors, ["base_model.model.head.lora_A.weight", tensors.get(lost!)!]])),
    );
    await expectRefusal([`lora.init_adapter=${adapter}`], file, /head/);
  });

  test("when its rank is another", () =>
    expectRefusal(
      [`lora.init_adapter=${START}`, "lora.rank=4"],
      "this adapter has rank 8, the configuration lora.rank 4",
    ));
});
