import type { CommandModule } from "yargs";
import { harmless } from "../../../util/cut.ts";
import { AmlcError } from "../../../util/errors.ts";
import { printJson, printLog, printTable } from "../../output.ts";
import { helpWithSettings, readSettings, runTableJob, type SettingsArgs, settingsOptions } from "../../table-job.ts";

interface DownloadArgs extends SettingsArgs {
  table: string;
  images: string;
  "allow-private": boolean | undefined;
}

const SHOWN = 20;

/** `amlc data download`: the photographs of a table. */
export const dataDownloadCommand: CommandModule<object, DownloadArgs> = {
  command: "download <table>",
  describe: "Fetch the photographs of a table's rows; started again, it fetches what is missing",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("table", { type: "string", demandOption: true, describe: "rows with image_link" })
        .option("images", { type: "string", demandOption: true, describe: "folder of the images; made if missing" })
        .option("allow-private", { type: "boolean", describe: "also ask loopback, private and link-local addresses" })
        .example(
          "$0 data download balanced-6500.csv --images images/",
          "what became of each is in images/manifest.jsonl",
        )
        .example(
          "$0 data download t.csv --images i --set 'download.hosts=[m.media-amazon.com]'",
          "no other host is asked",
        ),
      ["download"],
      helpWanted,
    ),
  async handler({ table, images, "allow-private": allowPrivate, json, ...args }) {
    const { downloadTable } = await import("../../../recipes/data/download.ts");
    const { download } = await readSettings({ ...args, json });
    const settings = { ...download, allow_private: allowPrivate ?? download.allow_private };
    const report = await runTableJob((job) => downloadTable({ input: table, images, settings, ...job }));
    const { failures, manifest, seconds, ...counts } = report;
    if (!json) {
      printTable([{ ...counts, seconds: seconds.toFixed(1) }]);
      for (const { link, reason } of failures.slice(0, SHOWN)) printLog(harmless(`failed: ${link}: ${reason}`));
      if (failures.length > SHOWN) printLog(`and ${failures.length - SHOWN} more, each in ${manifest}`);
    }
    if (failures.length > 0) {
      throw new AmlcError(`${failures.length} of ${report.links} images could not be fetched`, {
        hint: "start the same command again to try these; training passes over rows without a photograph",
        ...{ exitCode: 1, report },
      });
    }
    if (json) printJson(report);
  },
};
