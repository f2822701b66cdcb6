import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { type EventFileOptions, openEventFile } from "../../src/track/tensorboard.ts";
import type { InputError } from "../../src/util/errors.ts";
import { python, whyNoPython } from "../support/python.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
let runs = 0;
const freshFolder = () => join(folder, `tensorboard-${runs++}`);
const open = (dir: string, options: Partial<EventFileOptions> = {}) =>
  openEventFile(dir, {
    startStep: 0,
    onFault: (fault) => {
      throw fault;
    },
    ...options,
  });

/** Where each record of a file begins. */
function recordsIn(path: string): number[] {
  const bytes = readFileSync(path);
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += 16 + Number(bytes.readBigUInt64LE(at))) starts.push(at);
  return starts;
}

test("a file is named by its second, after all files before, whatever the clock says", async () => {
  const dir = freshFolder();
  const names: string[] = [];
  for (const now of [2000.5, 2000.7, 1000]) {
    const file = await open(dir, { now: () => now });
    names.push(basename(file.path));
    file.close();
  }
  expect(names[0]).toMatch(/^events\.out\.tfevents\.0000002000\..+\.\d+\.0$/);
  expect(names.map((name) => name.slice(20, 30))).toEqual(["0000002000", "0000002001", "0000002002"]);
});

test("what is told is in the file when the call returns; after the end nothing is", async () => {
  const file = await open(freshFolder());
  expect(recordsIn(file.path)).toHaveLength(1);
  file.scalars({ loss: 1, f1: 2 }, 1);
  file.scalars({}, 1);
  file.text("note", "34 gram", 1);
  expect(recordsIn(file.path)).toHaveLength(3);
  file.flush();
  file.close();
  file.scalars({ loss: 1 }, 2);
  file.flush();
  file.close();
  expect(recordsIn(file.path)).toHaveLength(3);
});

describe.skipIf(!mountSmallDisk(join(folder, "small")))("a disk that is full", () => {
  test("is told of once, and leaves a file of whole records", async () => {
    const faults: InputError[] = [];
    const file = await open(join(folder, "small", "events"), { onFault: (fault) => faults.push(fault) });
    const filler = join(folder, "small", "filler");
    expect(() => writeFileSync(filler, Buffer.alloc(2 ** 22))).toThrow(/ENOSPC/);
    for (let step = 0; step < 300; step++) file.text("note", "x".repeat(100), step);
    expect(faults.map(({ message }) => message)).toEqual([
      expect.stringMatching(/tfevents.*could not be written: ENOSPC/),
    ]);
    writeFileSync(filler, "");
    const before = recordsIn(file.path).length;
    file.scalars({ loss: 1 }, 300);
    file.close();
    expect(recordsIn(file.path)).toHaveLength(before + 1);
  });
});

const why = await whyNoPython(["tensorboard"]);

describe.skipIf(why !== undefined)(`TensorBoard itself${why ? ` (skipped: ${why})` : ""}`, () => {
  test("reads scalars, texts and pictures, and drops the steps that a resumed run takes again", async () => {
    const dir = freshFolder();
    const png = await sharp({ create: { width: 3, height: 2, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const first = await open(dir);
    for (let step = 1; step <= 5; step++) first.scalars({ "train/loss": 1 / step, other: step }, step);
    first.text("note", "**34** gram", 1);
    first.image("hardest", png, 2, 3, 2);
    const bytes = readFileSync(first.path);
    writeFileSync(first.path, bytes.subarray(0, bytes.length - 3)); // as kill -9 leaves it
    const second = await open(dir, { startStep: 3 });
    second.image("hardest", png, 4, 3, 2);
    for (let step = 4; step <= 6; step++) second.scalars({ "train/loss": 10 / step }, step);
    second.close();
    const found = JSON.parse(await python(["-c", READ_EVENTS, dir]));
    expect(found.loss).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, Math.fround((step < 4 ? 1 : 10) / step)]));
    expect(found.other).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(found.note).toEqual([[1, "**34** gram", "text"]]);
    expect(found.hardest).toEqual([[4, 3, 2, png.toString("base64")]]);
  });
});

const READ_EVENTS = `
import base64, json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"images": 0, "scalars": 0, "tensors": 0})
events.Reload()
scalars = lambda tag: [[e.step, e.value] for e in events.Scalars(tag)]
note = [[e.step, e.tensor_proto.string_val[0].decode(), events.SummaryMetadata("note").plugin_data.plugin_name] for e in events.Tensors("note")]
hardest = [[e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()] for e in events.Images("hardest")]
print(json.dumps({"loss": scalars("train/loss"), "other": scalars("other"), "note": note, "hardest": hardest}))
`;
