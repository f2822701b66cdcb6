import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { RunLog } from "../../src/track/run-log.ts";
import { python, whyNoPython } from "../support/python.ts";
import { readRecords, startRunLog } from "../support/run-logs.ts";
import { brokenRules, startWandbServer } from "../support/wandb-server.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const why = await whyNoPython(["wandb"]);

/** Runs W&B's own command line, with a home and settings of the test's own. */
const WANDB = `
import json, os, subprocess, sys
home, settings, *args = sys.argv[1:]
kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
env = {**kept, "HOME": home, "NETRC": home + "/none", "WANDB_ERROR_REPORTING": "false", **json.loads(settings)}
done = subprocess.run([sys.executable, "-m", "wandb", *args], env=env, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
print(done.stdout.decode())
sys.exit(done.returncode)
`;

/** Each record by W&B's own messages: its number, its kind, and whether it has fields that these do not know. */
const DECODE = `
import json, struct, sys, zlib
from google.protobuf.unknown_fields import UnknownFieldSet
from wandb.proto.wandb_internal_pb2 import Record
def unknown(message):
    inner = [m for f, v in message.ListFields() if f.message_type for m in (v if f.is_repeated else [v])]
    return len(UnknownFieldSet(message)) + sum(map(unknown, inner))
log = open(sys.argv[1], "rb").read()
at, parts, found = 7, b"", []
while at < len(log):
    if 32768 - at % 32768 < 7:
        at += 32768 - at % 32768
        continue
    checksum, length, kind = struct.unpack_from("<IHB", log, at)
    part = log[at + 7 : at + 7 + length]
    assert zlib.crc32(bytes([kind]) + part) == checksum
    at, parts = at + 7 + length, parts + part
    if kind in (1, 4):
        record = Record.FromString(parts)
        found.append([record.num, record.WhichOneof("record_type"), unknown(record)])
        parts = b""
print(json.dumps(found))
`;

/** A run of every kind of record that was killed after step 7 and went on behind step 4. */
async function twoSegments(dir: string): Promise<readonly [RunLog, RunLog]> {
  const options = {
    displayName: "brave-otter-7",
    tags: ["tiny"],
    notes: "why",
    config: { lr: 0.5, data: { train: "a.csv" } },
    gitCommit: "0123456789abcdef0123456789abcdef01234567",
  };
  const first = await startRunLog(dir, options);
  const bytes = await sharp({ create: { width: 3, height: 2, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  const image = first.image(bytes, { width: 3, height: 2, format: "png", caption: "34 gram" });
  first.defineMetric("eval/*", { stepMetric: "epoch", summary: "max" });
  first.output("begins");
  first.stats({ cpu: 12.5 });
  first.log({ "train/loss": Number.NaN, "eval/f1": 0.9, epoch: 1, nested: { a: { b: Infinity } } }, 4);
  first.log({ "train/loss": 0.5, "eval/f1": 0.95, picture: image }, 5);
  first.log({ pictures: [image, image] }, 6);
  first.log(
    {
      "eval/rows": first.table(
        ["index", "photograph"],
        [
          [1, image],
          [2, null],
        ],
      ),
    },
    7,
  );
  first.config({ late: true });
  first.summary({ best_step: 4 });
  first.saveFile("report.html", "<p>34 gram</p>");
  first.artifact({ name: "adapter", type: "model", files: { "a.bin": Buffer.alloc(70_000) }, aliases: ["best"] });
  const second = await startRunLog(dir, { ...options, startStep: 4 });
  second.defineMetric("eval/*", { stepMetric: "epoch", summary: "max" });
  second.log({ "train/loss": 0.25, "eval/f1": 0.7, epoch: 2 });
  second.finish(3);
  return [first, second];
}

describe.skipIf(why !== undefined)(`W&B's own client${why ? ` (skipped: ${why})` : ""}`, async () => {
  const folder = workFolder(FAST_FOLDER);
  const logs = why === undefined ? await twoSegments(join(folder, "run")) : [];
  const wandb = (settings: object, ...args: string[]) =>
    python(["-c", WANDB, folder, JSON.stringify(settings), ...args]);

  test("knows every record and every field", async () => {
    for (const { segment } of logs) {
      const kinds: [number, string, number][] = JSON.parse(await python(["-c", DECODE, segment.log]));
      const ours = readRecords(segment.log).map(({ num, _info, ...record }) => [
        num,
        toSnake(Object.keys(record)[0]!),
        0,
      ]);
      expect(kinds).toEqual(ours);
    }
  });

  test("reads a log as it grows, with its state, its summary and its console", async () => {
    const [first, second] = logs;
    const inspect = async (log: RunLog) =>
      JSON.parse(await wandb({}, "leet", "inspect", "--summary", "--json", log.segment.log));
    expect(await inspect(first!)).toMatchObject({
      run_id: first!.id,
      name: "brave-otter-7",
      step: 7,
      config: { lr: 0.5, late: true },
      console: [{ line: "begins", stream: "stdout" }],
      summary: { "eval/f1": { max: 0.95 }, "train/loss": 0.5, best_step: 4 },
    });
    expect(await inspect(second!)).toMatchObject({ exit_code: 3, step: 5, summary: { "eval/f1": { max: 0.9 } } });
  });

  test("sends both parts of the run, and rewinds it between them", async () => {
    await using server = await startWandbServer();
    const settings = { WANDB_BASE_URL: server.url, WANDB_API_KEY: "a".repeat(40) };
    await wandb(settings, "sync", ...logs.map(({ segment }) => segment.folder));
    expect(brokenRules(server.requests)).toEqual([]);
    const run = server.run();
    expect(run).toMatchObject({ name: logs[0]!.id, project: "labels", exitCode: 3, state: "failed" });
    expect(server.history().map(({ _timestamp, _runtime, ...row }) => row)).toEqual([
      { _step: 4, "train/loss": "NaN", "eval/f1": 0.9, epoch: 1, nested: { a: { b: "Infinity" } } },
      { _step: 5, "train/loss": 0.25, "eval/f1": 0.7, epoch: 2 },
    ]);
    expect(server.of("graphql:RewindRun").map(({ body }) => body.variables.metricValue)).toEqual([4]);
    expect(JSON.parse(run.summary.replaceAll(/NaN|Infinity/g, "null"))).toMatchObject({
      "eval/f1": { max: 0.9 },
      "train/loss": 0.25,
      _step: 5,
    });
    expect(JSON.parse(run.config)).toMatchObject({ lr: { value: 0.5 }, data: { value: { train: "a.csv" } } });
    const stored = [...server.stored].map(([path, bytes]) => [path.split("/").at(-1)!, bytes] as const);
    expect(stored.map(([name]) => name)).toEqual(expect.arrayContaining(["report.html", "a.bin", "rows.table.json"]));
    const picture = readRecords(logs[0]!.segment.log)
      .flatMap(({ files }) => files?.files ?? [])
      .find(({ path }) => /picture_/.test(path))!;
    const name = picture.path.split("/").at(-1);
    expect(stored.find(([each]) => each === name)![1]).toEqual(
      readFileSync(join(logs[0]!.segment.files, picture.path)),
    );
    expect(server.artifacts.map(({ input, isCommitted }) => [input.artifactTypeName, isCommitted]).sort()).toEqual([
      ["model", true],
      ["run_table", true],
    ]);
  });
});

const toSnake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
