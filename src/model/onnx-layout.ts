/** A model in three ONNX files, named as transformers.js and Optimum name them. */
export const ONNX_PARTS = ["vision_encoder", "embed_tokens", "decoder_model_merged"] as const;
export type OnnxPart = (typeof ONNX_PARTS)[number];

/** How weights are kept in a file; what goes in, comes out and is added up is float32 in all of them. */
export const ONNX_DTYPES = ["fp32", "fp16", "int8x2", "q8", "int8", "q4"] as const;
export type OnnxDtype = (typeof ONNX_DTYPES)[number];

const SUFFIXES: Readonly<Record<OnnxDtype, string>> = {
  ...{ fp32: "", fp16: "_fp16", int8x2: "_int8x2" },
  ...{ q8: "_quantized", int8: "_int8", q4: "_q4" },
};

/** `onnx/decoder_model_merged_q4.onnx`: a part's file in a model's folder, as transformers.js looks for it by its dtype. */
export const onnxFile = (part: OnnxPart, dtype: OnnxDtype): string => `onnx/${part}${SUFFIXES[dtype]}.onnx`;

/** Keys and values of a layer, going in and coming out. */
export const cacheName = (when: "past_key_values" | "present", layer: number, what: "key" | "value"): string =>
  `${when}.${layer}.${what}`;
