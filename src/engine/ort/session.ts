import "./telemetry.ts";
import * as ort from "onnxruntime-node";
import type { Graph } from "../../graph/graph.ts";
import { InputError } from "../../util/errors.ts";
import { bytesOf } from "../../util/tensor.ts";
import type { Tensors } from "../engine.ts";
import { EXACT_FLOAT32 } from "../exact-float32.ts";
import { type PlainOperator, toOnnx } from "../onnx/lower.ts";
import { describeVulkan } from "./vulkan.ts";

/** What onnxruntime has to say of libraries that are missing comes as an error, and is told with what to do. */
ort.env.logLevel = "fatal";

export type SessionOptions = ort.InferenceSession.SessionOptions;

/** onnxruntime's own operators that a provider has no kernel for: each would go to the CPU and back. */
const LACKS: Readonly<Record<string, readonly PlainOperator[]>> = {
  webgpu: ["FusedMatMul"],
  coreml: ["FusedMatMul"],
};

const NOT_FUSED = [
  // Equal nodes are written once as it is; what is computed again for the way back must not wait from the way there.
  "CommonSubexpressionElimination",
  // It fuses a sum with the norm behind it, which rounds otherwise: only where both are in one program, so that layers computed
  // again would not have the bits of layers that are kept.
  "SkipLayerNormFusion",
  // It turns slices of a weight into one split, which copies all of it at once.
  "GatherSliceToSplitFusion",
];

/**
 * Compiles a graph for providers, the preferred first.
 * @param held values of inputs that become part of the session, on its device; onnxruntime reads them in place while it is made
 * @throws InputError when one of them cannot be used here
 */
export async function createSession(
  graph: Graph,
  providers: readonly string[],
  options: SessionOptions = {},
  held: Tensors = {},
): Promise<ort.InferenceSession> {
  for (const [name, value] of Object.entries(EXACT_FLOAT32)) process.env[name] ??= value;
  const externalData = Object.entries(held).map(([path, value]) => ({ path, data: bytesOf(value.data) }));
  try {
    return await ort.InferenceSession.create(toOnnx(graph, { lacks: LACKS[providers[0] ?? "cpu"], held }), {
      ...(externalData.length > 0 && { externalData }),
      executionProviders: [...providers],
      // Planning one block for a whole step doubles its peak (measured: 880 MB against 442) and saves no time.
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: {
        optimization: { disable_specified_optimizers: NOT_FUSED.join(";") },
        session: { disable_quant_qdq: "1" }, // no graph is of that kind, and to look for it takes 2.4 s at full size
      },
      ...options,
    });
  } catch (cause) {
    throw providerError(providers, cause as Error) ?? cause;
  }
}

function providerError(providers: readonly string[], cause: Error): InputError | undefined {
  const refused = `engine.providers: [${providers}] cannot be used here`;
  if (/WebGPU adapter/i.test(cause.message)) {
    return new InputError(`${refused}: onnxruntime found no WebGPU device; ${describeVulkan()}`, {
      hint:
        process.platform === "linux"
          ? "install your GPU's Vulkan driver and the Vulkan loader (libvulkan1), or name a driver's file in VK_ICD_FILENAMES"
          : "install your GPU's driver, or use engine.providers: [cpu]",
      cause,
    });
  }
  if (!/backend not found|not available|provider/i.test(cause.message)) return undefined;
  const offered = ort
    .listSupportedBackends()
    .map(({ name, bundled }) => (bundled ? name : `${name} (once its libraries are installed: docs/engines.md)`));
  return new InputError(`${refused}: ${cause.message}`, {
    hint: `on this machine onnxruntime-node offers ${offered.join(", ")}`,
    cause,
  });
}
