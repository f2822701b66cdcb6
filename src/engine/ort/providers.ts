import "./telemetry.ts";
import * as ort from "onnxruntime-node";

/** Execution providers that this build of onnxruntime-node knows on this platform; their libraries may be missing. */
export function offeredProviders(): string[] {
  return ort.listSupportedBackends().map(({ name }) => name);
}

export const onnxruntimeVersion = (): string => ort.env.versions.node ?? ort.env.versions.common;
