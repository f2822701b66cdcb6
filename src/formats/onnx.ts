import protobuf from "protobufjs";

/**
 * The messages of ONNX that amlc writes. Numbers are the format's own (onnx.proto3, IR version 10); fields that are never
 * written are left out, which protobuf allows.
 */
const SCHEMA = `
syntax = "proto3";
message Attribute { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated int64 ints = 8; int32 type = 20; }
message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; string domain = 7; }
message Entry { string key = 1; string value = 2; }
message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; repeated Entry external_data = 13; int32 data_location = 14; }
message Dimension { int64 dim_value = 1; string dim_param = 2; }
message TensorShape { repeated Dimension dim = 1; }
message TensorType { int32 elem_type = 1; TensorShape shape = 2; }
message Type { TensorType tensor_type = 1; }
message ValueInfo { string name = 1; Type type = 2; }
message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
message OperatorSet { string domain = 1; int64 version = 2; }
message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated OperatorSet opset_import = 8; }
`;

export interface OnnxNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly OnnxNodeAttribute[];
}

export type OnnxNodeAttribute = { readonly name: string } & (
  | { readonly type: 1; readonly f: number }
  | { readonly type: 2; readonly i: number }
  | { readonly type: 3; readonly s: Uint8Array }
  | { readonly type: 7; readonly ints: readonly number[] }
);

export interface OnnxTensor {
  readonly name: string;
  /** Number of the element type in TensorProto.DataType. */
  readonly dataType: number;
  readonly dims: readonly number[];
  /** Little-endian, row-major: here, or bytes of a file beside the model. */
  readonly rawData: Uint8Array | ExternalData;
}

export interface ExternalData {
  /** The file's name. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface OnnxValue {
  readonly name: string;
  readonly dataType: number;
  /** A string names an axis whose size is known at run time only. */
  readonly dims: readonly (number | string)[];
}

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Version of each operator domain; "" is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
}

const Model = protobuf.parse(SCHEMA).root.lookupType("Model");
const IR_VERSION = 10;

/** Writes a model as protobuf bytes, at most 2 GiB as the format allows. */
export function encodeOnnx({ name, nodes, initializers, inputs, outputs, opsets }: OnnxModel): Uint8Array {
  const value = ({ name, dataType, dims }: OnnxValue) => ({
    name,
    type: {
      tensorType: {
        elemType: dataType,
        shape: { dim: dims.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d })) },
      },
    },
  });
  return Model.encode({
    irVersion: IR_VERSION,
    producerName: "amlc",
    opsetImport: Object.entries(opsets).map(([domain, version]) => ({ domain, version })),
    graph: {
      name,
      node: nodes,
      initializer: initializers.map(initializer),
      input: inputs.map(value),
      output: outputs.map(value),
    },
  }).finish();
}

const EXTERNAL = 1; // TensorProto.DataLocation

function initializer({ rawData, ...tensor }: OnnxTensor) {
  if (rawData instanceof Uint8Array) return { ...tensor, rawData };
  const externalData = Object.entries(rawData).map(([key, value]) => ({ key, value: String(value) }));
  return { ...tensor, externalData, dataLocation: EXTERNAL };
}
