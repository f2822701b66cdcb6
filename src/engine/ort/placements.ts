import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph } from "../../graph/graph.ts";
import type { Tensor } from "../../util/tensor.ts";
import type { Tensors } from "../engine.ts";
import { createSession } from "./session.ts";
import { fromOrt, mapValues, toOrt } from "./tensors.ts";

/** How many nodes of an ONNX operator ran on a provider. */
export interface Placement {
  readonly operator: string;
  readonly provider: string;
  readonly count: number;
}

/** Runs a graph once, and tells where its operators ran as onnxruntime's own profile has it. */
export async function runProfiled(
  graph: Graph,
  providers: readonly string[],
  feeds: Tensors,
): Promise<{ outputs: Record<string, Tensor>; placements: Placement[] }> {
  const folder = mkdtempSync(join(tmpdir(), "amlc-profile-"));
  try {
    const session = await createSession(graph, providers, {
      enableProfiling: true,
      profileFilePrefix: join(folder, "run"),
      logSeverityLevel: 4, // a device may refuse: that is an answer
    });
    try {
      const outputs = mapValues(await session.run(mapValues(feeds, toOrt)), fromOrt);
      session.endProfiling();
      return { outputs, placements: readProfile(join(folder, readdirSync(folder)[0]!)) };
    } finally {
      await session.release();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args: { readonly op_name: string; readonly provider: string };
}

function readProfile(file: string): Placement[] {
  const events = (JSON.parse(readFileSync(file, "utf8")) as ProfileEvent[]).filter(
    ({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"),
  );
  const counts = new Map<string, Placement>();
  for (const { args } of events) {
    const provider = args.provider.replace("ExecutionProvider", "").toLowerCase();
    const key = `${args.op_name} ${provider}`;
    counts.set(key, { operator: args.op_name, provider, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].toSorted((a, b) => (a.operator < b.operator ? -1 : 1));
}
