import { parseDataSettings } from "../src/config/load.ts";
import { cleanTable } from "../src/recipes/data/clean.ts";
import { sampleTable } from "../src/recipes/data/sample.ts";

/** One process of the data benchmark: cleans a table and draws a sample of it, as the two commands do. */
const [input, clean, output, size] = process.argv.slice(2) as [string, string, string, string];
const settings = parseDataSettings({ sample: { size: Number(size) } });
await cleanTable({ input, output: clean, settings: settings.clean });
await sampleTable({ input: clean, output, settings, val: 0 });
