import protobuf from "protobufjs";

/**
 * The messages of TensorBoard that amlc writes: `tensorflow.Event` with scalars, texts and pictures. Numbers are the format's
 * own (event.proto, summary.proto, tensor.proto); fields that are never written are left out, which protobuf allows.
 */
const SCHEMA = `
syntax = "proto3";
message PluginData { string plugin_name = 1; bytes content = 2; }
message Metadata { PluginData plugin_data = 1; string display_name = 2; int32 data_class = 4; }
message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
message Dimension { int64 size = 1; }
message Shape { repeated Dimension dim = 2; }
message Tensor { int32 dtype = 1; Shape tensor_shape = 2; repeated bytes string_val = 8; }
message Value { string tag = 1; optional float simple_value = 2; Image image = 4; Tensor tensor = 8; Metadata metadata = 9; }
message Summary { repeated Value value = 1; }
message SessionLog { int32 status = 1; }
message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
`;

/** What is told of a step. */
export type EventValue =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | { readonly kind: "text"; readonly tag: string; readonly text: string }
  | {
      readonly kind: "image";
      readonly tag: string;
      readonly bytes: Uint8Array;
      readonly width: number;
      readonly height: number;
    };

export interface TensorboardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /**
   * "version" begins a file. "restart" says that a run goes on here: what was told of this step and of later ones is void.
   * Otherwise there are values.
   */
  readonly content: "version" | "restart" | readonly EventValue[];
}

const EventMessage = protobuf.parse(SCHEMA).root.lookupType("Event");
const VERSION = "brain.Event:2";
const SESSION_START = 1; // SessionLog.SessionStatus
const DT_STRING = 7;
const CLASS_TENSOR = 2; // tensorboard.DataClass
const RGB = 3;

/** One record of an event file: the event in the frame of a TFRecord. Scalars are rounded to float32. */
export function encodeEvent({ wallTime, step, content }: TensorboardEvent): Uint8Array {
  if (content === "version") return frame({ wallTime, step, fileVersion: VERSION });
  if (content === "restart") return frame({ wallTime, step, sessionLog: { status: SESSION_START } });
  return frame({ wallTime, step, summary: { value: content.map(summaryValue) } });
}

function summaryValue(value: EventValue): object {
  const { tag } = value;
  switch (value.kind) {
    case "scalar":
      return { tag, simpleValue: value.value };
    case "image": {
      const { width, height, bytes } = value;
      return { tag, image: { height, width, colorspace: RGB, encodedImageString: bytes } };
    }
    case "text":
      return {
        tag,
        tensor: { dtype: DT_STRING, tensorShape: { dim: [{ size: 1 }] }, stringVal: [Buffer.from(value.text)] },
        metadata: { pluginData: { pluginName: "text" }, dataClass: CLASS_TENSOR },
      };
  }
}

/** Length in 8 bytes, its checksum, the data, its checksum; little-endian. */
function frame(event: object): Uint8Array {
  const data = EventMessage.encode(event).finish();
  const record = Buffer.alloc(16 + data.length);
  record.writeBigUInt64LE(BigInt(data.length));
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return record;
}

/** Of records that hold checksums themselves: rotated right by 15 bits, and a constant added. */
function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4), a byte at a time. */
function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

const POLYNOMIAL = 0x82f63b78;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});
