import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { table } from "table";
import { readTable } from "../src/data/table.ts";
import { writeTable } from "../src/data/table-write.ts";

/*
 * Whole processes over a training table, in turns, for the machine's speed drifts: only ratios of neighbours count.
 * Cleaning and a balanced sample of 13,500 rows, beside pandas; the score of a file, beside reading it as wc does.
 *
 *     npm run bench:data                                 # 263,859 rows made from the tests' real ones
 *     npm run bench:data -- --data train.csv.gz          # your own; AMLC_PYTHON names a Python with pandas, default python3
 */
const [ROUNDS, ROWS, SIZE] = [5, 263_859, 13_500];
const ROOT = join(import.meta.dirname, "..", "..");
const { values } = parseArgs({ options: { data: { type: "string" } } });
const python = process.env.AMLC_PYTHON ?? "python3";
const folder = mkdtempSync(join(tmpdir(), "amlc-bench-"));
const inFolder = (name: string) => join(folder, name);

interface Measured {
  readonly seconds: number;
  /** Largest resident memory of the process, MiB; NaN where the system has no GNU time. */
  readonly mebibytes: number;
}

function measure(command: string, args: readonly string[]): Measured {
  const start = performance.now();
  const { status, stderr, error } = spawnSync("/usr/bin/time", ["-f", "%M", command, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  const seconds = (performance.now() - start) / 1000;
  if (error) return measureWithoutTime(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return { seconds, mebibytes: Number(stderr.trim().split("\n").at(-1)) / 1024 };
}

function measureWithoutTime(command: string, args: readonly string[]): Measured {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return { seconds: (performance.now() - start) / 1000, mebibytes: Number.NaN };
}

/** The tests' rows again and again, each time with other links, up to the challenge's number. */
function makeTable(): string {
  const fixture = join(ROOT, "test", "data", "rows", "train-stratified.csv.gz");
  const [header, ...rows] = gunzipSync(readFileSync(fixture)).toString().trimEnd().split("\n");
  const lines = Array.from({ length: ROWS }, (_, i) => {
    return rows[i % rows.length].replace(".jpg,", `-${Math.floor(i / rows.length)}.jpg,`);
  });
  const path = inFolder("train.csv.gz");
  writeFileSync(path, gzipSync([header, ...lines, ""].join("\n")));
  return path;
}

/** Truth and predictions of the table's own values. */
async function makeScoreFiles(path: string): Promise<{ truth: string; predictions: string }> {
  const source = await readTable(path);
  const columns = ["index", ...source.columns];
  const cells = source.columns.map((name) => source.column(name));
  const rows = Array.from({ length: source.rowCount }, (_, row) =>
    Object.fromEntries([["index", row], ...source.columns.map((name, c) => [name, cells[c][row]])]),
  );
  const [truth, predictions] = [inFolder("truth.csv"), inFolder("predictions.csv")];
  await writeTable(truth, columns, rows);
  const answers = source.column("entity_value").map((prediction, index) => ({ index, prediction }));
  await writeTable(predictions, ["index", "prediction"], answers);
  return { truth, predictions };
}

const has = (command: string, args: readonly string[]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

/** Rounds of two commands in turns. */
function compare(title: string, ours: () => Measured, peer: (() => Measured) | null, peerName: string): void {
  const rounds = Array.from({ length: ROUNDS }, () => ({ ours: ours(), peer: peer?.() }));
  const show = ({ seconds, mebibytes }: Measured) => [seconds.toFixed(2), mebibytes.toFixed(0)];
  const rows = rounds.map(({ ours, peer }, i) => [String(i + 1), ...show(ours), ...(peer ? show(peer) : ["–", "–"])]);
  const head = ["round", "amlc, s", "amlc, MiB", `${peerName}, s`, `${peerName}, MiB`];
  process.stdout.write(`${title}\n${table([head, ...rows])}`);
  if (!peer) return void process.stdout.write(`${peerName} was not found: no ratio\n\n`);
  const ratio = (key: keyof Measured) => median(rounds.map((round) => round.ours[key] / round.peer![key])).toFixed(2);
  process.stdout.write(
    `amlc / ${peerName}, median: ${ratio("seconds")} of the time, ${ratio("mebibytes")} of the memory\n\n`,
  );
}

const node = process.execPath;
const built = (name: string) => join(import.meta.dirname, name);
const main = join(ROOT, "dist", "cli", "main.js");
try {
  const data = values.data ?? makeTable();
  const peer = join(ROOT, "bench", "peers", "pandas_sample.py");
  compare(
    `clean and sample: ${SIZE} rows of ${data}`,
    () => measure(node, [built("data-job.js"), data, inFolder("sample.csv"), String(SIZE)]),
    has(python, ["-c", "import pandas"])
      ? () => measure(python, [peer, data, inFolder("peer.csv"), String(SIZE)])
      : null,
    "pandas",
  );
  const { truth, predictions } = await makeScoreFiles(data);
  const byCommand = () => measure(node, [main, "score", predictions, "--truth", truth]);
  const byLibrary = () => measure(node, [built("score-job.js"), predictions, truth]);
  const readInNode = () => measure(node, [built("read-bytes.js"), predictions, truth]);
  compare("amlc score", byCommand, readInNode, "reading in Node");
  compare("amlc score", byCommand, has("wc", ["--version"]) ? () => measure("wc", [predictions, truth]) : null, "wc");
  compare("the score alone, without the command line", byLibrary, readInNode, "reading in Node");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
