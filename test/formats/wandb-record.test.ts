import { expect, test } from "vitest";
import { decodeWandbRecord, encodeWandbRecord, OUTPUT_TYPE, type WandbRecord } from "../../src/formats/wandb-record.ts";

const SAMPLES: readonly WandbRecord[] = [
  { num: 1, header: { versionInfo: { producer: "amlc 1", minConsumer: "0.70.0" } } },
  {
    num: 2,
    run: {
      runId: "abcd1234",
      project: "labels",
      config: { update: [{ key: "lr", nestedKey: [], valueJson: "0.5" }], remove: [] },
      displayName: "first",
      tags: ["a", "b"],
      startTime: { seconds: 1_795_689_250, nanos: 718_893_000 },
      startingStep: 41,
      resumed: true,
      branchPoint: { run: "abcd1234", value: 40, metric: "_step" },
    },
  },
  {
    num: 2 ** 40,
    history: { item: [{ nestedKey: ["a", "b"], valueJson: "NaN" }], step: { num: 7 } },
  },
  { num: 4, outputRaw: { outputType: OUTPUT_TYPE.stdout, timestamp: { seconds: 1, nanos: 2 }, line: "34 gram – ½\n" } },
  { num: 5, exit: { exitCode: -1, runtime: 12 } },
];

test.each(SAMPLES)("record $num is decoded as it was encoded", (record) => {
  expect(decodeWandbRecord(encodeWandbRecord(record))).toEqual(record);
});

test("a record of the Python client, byte by byte", () => {
  // wandb 0.31: Record(num=3, history=HistoryRecord(item=[HistoryItem(nested_key=["loss"], value_json="1.5")],
  // step=HistoryStep(num=2)), _info=_RecordInfo(stream_id="s")).SerializeToString().hex()
  const hex = "080312120a0c12046c6f7373820103312e3512020802c20c030a0173";
  const record = decodeWandbRecord(Buffer.from(hex, "hex"));
  expect(record).toEqual({
    num: 3,
    _info: { streamId: "s" },
    history: { item: [{ nestedKey: ["loss"], valueJson: "1.5" }], step: { num: 2 } },
  });
});

test("what is unknown in a record is skipped", () => {
  const [known, unknown] = [encodeWandbRecord({ num: 9 }), Buffer.from([0xa2, 0x06, 0x01, 0x41])]; // field 100, "A"
  expect(decodeWandbRecord(Buffer.concat([known, unknown]))).toEqual({ num: 9 });
});

test("bytes that are no record are refused", () => {
  expect(() => decodeWandbRecord(Buffer.from([0x12, 0xff]))).toThrow(/a record of 2 bytes is none of Weights & Biases/);
});
