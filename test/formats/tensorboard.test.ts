import { expect, test } from "vitest";
import { encodeEvent, type TensorboardEvent } from "../../src/formats/tensorboard.ts";

/** Written by tensorboard 2.21: RecordWriter over Event(wall_time=1.5, ...).SerializeToString(deterministic=True). */
const WRITTEN: readonly (readonly [string, Omit<TensorboardEvent, "wallTime">, string])[] = [
  [
    "version",
    { step: 0, content: "version" },
    "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c",
  ],
  ["restart", { step: 41, content: "restart" }, "0f000000000000006d532b0909000000000000f83f10293a020801a6ac353d"],
  [
    "scalars",
    {
      step: 7,
      content: [
        { kind: "scalar", tag: "train/loss", value: 0.25 },
        { kind: "scalar", tag: "zero", value: 0 },
        { kind: "scalar", tag: "nan", value: Number.NaN },
      ],
    },
    "39000000000000008b0737f109000000000000f83f10072a2c0a110a0a747261696e2f6c6f7373150000803e0a0b0a047a65726f15000000000a0a0a036e616e150000c07fc1a38d50",
  ],
  [
    "picture",
    { step: 7, content: [{ kind: "image", tag: "p", bytes: Buffer.from("png"), width: 2, height: 3 }] },
    "1f00000000000000514b441809000000000000f83f10072a120a100a0170220b0803100218032203706e6799245d30",
  ],
  [
    "text",
    { step: 7, content: [{ kind: "text", tag: "t", text: "34 g½" }] },
    "300000000000000095f5d05f09000000000000f83f10072a230a210a017442100807120412020801420633342067c2bd4a0a0a060a047465787420029aed10a7",
  ],
];

test.each(WRITTEN)("%s: the bytes are those of TensorBoard's own writer", (_, event, hex) => {
  expect(Buffer.from(encodeEvent({ wallTime: 1.5, ...event })).toString("hex")).toBe(hex);
});
