import { once } from "node:events";
import type { CommandModule } from "yargs";
import { onInterrupt } from "../interrupt.ts";
import { printJson, printLog, printText } from "../output.ts";

interface UiArgs {
  folder: string;
  port: number;
  host: string;
  json: boolean;
}

/** `amlc ui`: runs in a browser, as they are. */
export const uiCommand: CommandModule<object, UiArgs> = {
  command: "ui [folder]",
  describe: "Show runs in a browser: curves as they grow, settings, answers with photographs",
  builder: (y) =>
    y
      .positional("folder", { type: "string", default: "experiments", describe: "the folder that runs are in" })
      .option("port", { type: "number", default: 4321, describe: "where to listen; 0: any port that is free" })
      .option("host", {
        type: "string",
        default: "127.0.0.1",
        describe: "address to listen at; one that others can reach wants the token that is printed",
      })
      .option("json", { type: "boolean", default: false, describe: "print the address as one JSON document" })
      .example("$0 ui", "the runs in experiments, for this machine alone")
      .example("$0 ui other/runs --port 0", "at a port that is free")
      .example("$0 ui --host 0.0.0.0", "for other machines, too, with a token in the address"),
  async handler({ folder, port, host, json }) {
    const { serveUi } = await import("../../web/serve.ts");
    const page = await serveUi({ folder: String(folder), port, host });
    const { signal, release } = onInterrupt(() => {});
    try {
      if (json) printJson({ url: page.url });
      else printText(page.url);
      if (page.isOpen) printLog("others can reach this page: whoever has the address can read the runs");
      printLog("Ctrl-C ends it");
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      release();
      await page.close();
    }
  },
};
