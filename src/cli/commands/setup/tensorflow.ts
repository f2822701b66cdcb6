import type { CommandModule } from "yargs";
import type { SetupReport } from "../../../recipes/setup-tensorflow.ts";
import { onInterrupt } from "../../interrupt.ts";
import { printJson, printText } from "../../output.ts";
import { formatDuration, showProgress } from "../../progress.ts";

interface SetupArgs {
  gpu: boolean | undefined;
  uninstall: boolean | undefined;
  index: string | undefined;
  version: string | undefined;
  json: boolean;
}

/** `amlc setup tensorflow`: TensorFlow's native library and a binding to it. */
export const setupTensorflowCommand: CommandModule<object, SetupArgs> = {
  command: "tensorflow",
  describe: "Fetch TensorFlow, compile its binding and try it; started again, it goes on",
  builder: (y) =>
    y
      .version(false) // it is an option here
      .option("gpu", { type: "boolean", describe: "with NVIDIA's CUDA libraries" })
      .option("uninstall", { type: "boolean", describe: "remove what was set up" })
      .option("index", { type: "string", describe: "Python index to fetch from, if not that of pip's configuration" })
      .option("version", { type: "string", describe: "of TensorFlow, as 2.21.0" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .conflicts("uninstall", ["gpu", "index", "version"])
      .example("$0 setup tensorflow", "for the CPU: 0.3 GB to fetch, 0.8 GB on the disk")
      .example("$0 setup tensorflow --gpu", "for NVIDIA's GPUs: 3.4 GB to fetch, 5.3 GB on the disk"),
  async handler({ uninstall, gpu = false, index, version, json }) {
    const { removeTensorflow, setupTensorflow } = await import("../../../recipes/setup-tensorflow.ts");
    if (uninstall) {
      const removed = await removeTensorflow();
      return json ? printJson({ removed }) : printText(removed ? "removed" : "there was nothing to remove");
    }
    const progress = showProgress();
    const observer = {
      note: progress.note,
      fetched: (done: number, total: number) =>
        progress.step({ unit: "MB fetched", done: toMegabytes(done), total: toMegabytes(total) }),
    };
    const { signal, release } = onInterrupt(() => progress.note("stopping"));
    try {
      const wanted = { gpu, ...(index !== undefined && { index }), ...(version !== undefined && { version }) };
      const report = await setupTensorflow({ ...wanted, observer, signal });
      if (json) printJson(report);
      else printText(describe(report));
    } finally {
      release();
      progress.stop();
    }
  },
};

const toMegabytes = (bytes: number) => Math.max(1, Math.round(bytes / 1e6));

function describe({ version, present, device, gpus, binding, seconds }: SetupReport): string {
  const name = gpus.length > 0 ? gpus.join(", ") : device.toUpperCase();
  const state = present ? "was there already and works" : `is set up, in ${formatDuration(seconds)}`;
  return `TensorFlow ${version} ${state}; it computes on: ${name}\n${binding}`;
}
