import type { CommandModule } from "yargs";
import type { OpCheck } from "../../engine/check-ops.ts";
import type { Survey } from "../../engine/survey.ts";
import type { Examination } from "../../recipes/doctor.ts";
import { AmlcError } from "../../util/errors.ts";
import { printJson, printLog, printTable, printText, type TableRow } from "../output.ts";

interface DoctorArgs {
  engine: string[] | undefined;
  json: boolean;
}

/** `amlc doctor`: what can compute here, and does it compute rightly? */
export const doctorCommand: CommandModule<object, DoctorArgs> = {
  command: "doctor",
  describe: "Look at every engine on this machine: devices, speed, each op; and what to do for one that is missing",
  builder: (y) =>
    y
      .option("engine", { type: "string", array: true, describe: 'only this one, as "tfjs wasm"; may be repeated' })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 doctor", "exit code 1 when an op of an engine is wrong, or no engine is ready")
      .example('$0 doctor --engine "ort cpu" --json', "the default engine alone, for a program"),
  async handler({ engine, json }) {
    const { doctor } = await import("../../recipes/doctor.ts");
    const examination = await doctor({
      ...(engine && { engines: engine }),
      onEngine: (name) => printLog(`looking at ${name}`),
    });
    if (!json) printExamination(examination);
    if (!examination.healthy) {
      const [message, hint] = examination.engines.some(({ ready }) => ready) ? WRONG : NONE_READY;
      throw new AmlcError(message, { exitCode: 1, hint, report: { ...examination } });
    }
    if (json) printJson(examination);
  },
};

const WRONG = [
  "an engine computes something wrong",
  "the table of ops shows which; please report it with the output of amlc doctor --json",
] as const;
const NONE_READY = ["none of these engines is ready", "what to do stands with each of them"] as const;

function printExamination({ machine, engines }: Examination): void {
  const { versions, platform, cpu, memory_bytes } = machine;
  const memory = `${(memory_bytes / 2 ** 30).toFixed(1)} GiB`;
  printText(`amlc ${versions.amlc}, Node ${versions.node}, ${platform}, ${cpu}, ${memory}\n\n`);
  printTable(engines.map(engineRow));
  printText("\n");
  const ready = engines.filter((engine) => engine.ready);
  if (ready.length > 0) printTable(opRows(ready));
  for (const { name, problem, remedy } of engines.filter((engine) => !engine.ready)) {
    printText(`\n${name}: ${problem}\n  ${remedy ?? "no remedy is known"}\n`);
  }
}

const rounded = (value: number | null | undefined) => (value == null ? null : value.toPrecision(3));

function engineRow({ name, settings, ready, device, speed, checks }: Survey): TableRow {
  const passed = checks.filter((check) => check.passed).length;
  const { name: engine, ...rest } = settings;
  const [key, value] = Object.entries(rest)[0];
  return {
    engine: name,
    ready: ready ? "yes" : "no",
    device,
    "GFLOP/s fp32": rounded(speed?.gflops_fp32),
    "GFLOP/s fp16": rounded(speed?.gflops_fp16),
    "GFLOP/s int8": rounded(speed?.gflops_int8),
    "GFLOP/s int8x2": rounded(speed?.gflops_int8x2),
    ops: ready ? `${passed} of ${checks.length} right` : null,
    settings: `engine.name=${engine} engine.${key}=${Array.isArray(value) ? `[${value}]` : value}`,
  };
}

/** The largest error of each op's samples on each engine, relative to the largest value. */
function opRows(engines: readonly Survey[]): TableRow[] {
  const ops = [...new Set(engines.flatMap(({ checks }) => checks.map(({ op }) => op)))];
  return ops.map((op) => {
    const cells = engines.map(({ name, checks }) => [name, worst(checks.filter((check) => check.op === op))] as const);
    return { op, ...Object.fromEntries(cells) };
  });
}

function worst(checks: readonly OpCheck[]): string {
  const failed = checks.find(({ passed }) => !passed);
  if (failed) return `WRONG ${failed.failure ?? failed.error?.toExponential(1)}`;
  return Math.max(0, ...checks.map(({ error }) => error ?? 0)).toExponential(1);
}
