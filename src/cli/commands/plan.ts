import type { CommandModule } from "yargs";
import type { PlanRecord } from "../../report/plan-record.ts";
import { DEVICES, type DeviceName } from "../../train/memory-plan/devices.ts";
import { AmlcError, InputError } from "../../util/errors.ts";
import { formatCount } from "../../util/format-number.ts";
import { printJson, printLog, printTable, printText } from "../output.ts";

interface PlanArgs {
  config: string;
  set: string[] | undefined;
  device: "cpu" | DeviceName;
  memory: number | undefined;
  html: string | undefined;
  json: boolean;
}

/** `amlc plan`: what would a training run take, and does it fit? */
export const planCommand: CommandModule<object, PlanArgs> = {
  command: "plan",
  describe: "Tell memory, operations and time of a training run before anything is loaded",
  builder: (y) =>
    y
      .option("config", {
        type: "string",
        demandOption: true,
        describe: "YAML file, or the name of a preset (see: amlc config list)",
      })
      .option("set", { type: "string", array: true, describe: "change a setting: --set train.batch=4" })
      .option("device", {
        choices: ["cpu", ...(Object.keys(DEVICES) as DeviceName[])] as const,
        default: "cpu" as const,
        describe: "where the run is to be; cpu: this machine",
      })
      .option("memory", { type: "number", describe: "GB that the device has, in the place of what is known of it" })
      .option("html", { type: "string", describe: "write a page with the course of memory over a step, too" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 plan --config lora-r8.yaml --device t4", "exit code 1 when it does not fit; what would is listed")
      .example("$0 plan --config lora-r8-tiny.yaml --html plan.html", "this machine: a large product is timed"),
  async handler({ config, set, device, memory, html, json }) {
    if (memory !== undefined && !(memory > 0)) throw new InputError(`--memory ${memory}: wants a number of GB above 0`);
    const { loadConfig } = await import("../../config/load.ts");
    const { planRun } = await import("../../recipes/plan.ts");
    const plan = await planRun(loadConfig({ config, sets: set ?? [] }), {
      device,
      ...(memory !== undefined && { memory: memory * 1e9 }),
      ...(html !== undefined && { html }),
    });
    if (!json) await printPlan(plan);
    if (html !== undefined) printLog(`page: ${html}`);
    if (!plan.fits) {
      throw new AmlcError(`it does not fit on ${plan.device.label}`, {
        exitCode: 1,
        hint: plan.proposals.length > 0 ? "the last table has settings that do" : "no settings of this base do",
        report: plan,
      });
    }
    if (json) printJson(plan);
  },
};

async function printPlan(plan: PlanRecord): Promise<void> {
  const { gigabytes, memoryTable, operations, quantizeWords, rateWords, stepTime, timeWords, wayWords } = await import(
    "../../report/plan-words.ts"
  );
  const { base, device, shape, flops, fits } = plan;
  printText(
    `${base.name}: ${formatCount(base.parameters)} parameters, ${formatCount(base.trainable)} numbers are trained`,
  );
  printText(`sizes from ${base.config}`);
  printText(`a micro-batch: ${shape.rows} × ${shape.image_tokens} image and ${shape.text} text tokens (assumed)`);
  printText(`${wayWords(plan)}\n`);
  printText(`memory at its most, on ${device.label}:\n${memoryTable(plan.by_kind)}\n`);
  printText(
    `${fits ? "fits" : "does not fit"}: ${device.label} has ${gigabytes(device.memory_bytes)} (${device.memory_source})\n`,
  );
  const again = flops.recomputation > 0 ? `, ${operations(flops.recomputation)} computed again` : "";
  printText(
    `operations of a micro-batch: ${operations(flops.forward)} forward, ${operations(flops.backward)} backward${again}`,
  );
  printText(`rate: ${rateWords(plan)}`);
  printText(timeWords(plan));
  if (plan.proposals.length === 0) return;
  printText("\nwhat would fit, the nearest first:");
  printTable(
    plan.proposals.map(({ changes, peak_bytes, seconds_a_step }) => ({
      settings: changes.join("  "),
      memory: gigabytes(peak_bytes),
      "a step": stepTime(seconds_a_step),
    })),
  );
  const made = quantizeWords(plan);
  if (made !== undefined) printText(made);
}
