import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import type { Graph } from "../../graph/graph.ts";
import { InputError } from "../../util/errors.ts";
import type { DType, Tensor } from "../../util/tensor.ts";
import { checkFeeds, type Engine, type Program, type Tensors } from "../engine.ts";
import { toOnnx } from "../onnx/lower.ts";

export interface OrtOptions {
  /** Execution providers in order of preference; an operator that one lacks falls to the next, and at last to the CPU. */
  readonly providers?: readonly string[];
  /** Threads inside an operator; null: one a core. */
  readonly threads?: number | null;
}

/** onnxruntime-node: the default engine, on the CPU everywhere and on other providers where the user has them. */
export function ortEngine({ providers = ["cpu"], threads = null }: OrtOptions = {}): Engine {
  return {
    name: "ort",
    async compile(graph, weights = {}) {
      const session = await createSession(toOnnx(graph), {
        executionProviders: [...providers],
        intraOpNumThreads: threads ?? availableParallelism(),
        // Planning one block for a whole step doubles its peak (measured: 880 MB against 442) and saves no time.
        enableMemPattern: false,
        logSeverityLevel: 3,
      });
      return ortProgram(session, graph, weights);
    },
  };
}

async function createSession(
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (cause) {
    const reason = (cause as Error).message;
    if (/backend not found|not available|provider/i.test(reason)) {
      throw new InputError(`engine.providers: [${options.executionProviders}] cannot be used here: ${reason}`, {
        hint: `on this machine onnxruntime-node offers ${
          ort
            .listSupportedBackends?.()
            .map((b) => b.name)
            .join(", ") ?? "cpu"
        }`,
        cause,
      });
    }
    throw cause;
  }
}

function ortProgram(session: ort.InferenceSession, graph: Graph, weights: Tensors): Program {
  const bound = mapValues(weights, toOrt);
  return {
    graph,
    async run(feeds, into = {}) {
      checkFeeds(graph, weights, feeds);
      const fetches = Object.fromEntries(
        [...graph.outputs.keys()].map((name) => [name, into[name] ? toOrt(into[name]) : null]),
      );
      const results = await session.run({ ...bound, ...mapValues(feeds, toOrt) }, fetches);
      return mapValues(results, (value, name) => into[name] ?? fromOrt(value));
    },
    release: () => session.release(),
  };
}

function mapValues<V, R>(record: Readonly<Record<string, V>>, f: (value: V, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}

const ORT_TYPE = {
  f32: "float32",
  f16: "float16",
  f64: "float64",
  i32: "int32",
  i64: "int64",
  u8: "uint8",
  bool: "bool",
} as const;
const TYPE_OF = Object.fromEntries(Object.entries(ORT_TYPE).map(([ours, theirs]) => [theirs, ours])) as Record<
  string,
  DType
>;

/**
 * Wraps host memory; nothing is copied. Where Node has a Float16Array, ort.Tensor makes one of halves, and the native side
 * takes it for empty (microsoft/onnxruntime#32323): there it is shown the halves themselves.
 */
function toOrt({ dtype, data, shape }: Tensor): ort.Tensor {
  const tensor = new ort.Tensor(ORT_TYPE[dtype], data as Float32Array, [...shape]);
  return dtype === "f16" ? Object.defineProperty(tensor, "data", { value: data }) : tensor;
}

function fromOrt({ type, data, dims }: ort.Tensor): Tensor {
  return { dtype: TYPE_OF[type]!, shape: dims, data: data as Float32Array };
}
