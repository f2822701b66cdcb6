import { parseDataSettings } from "../src/config/load.ts";
import { sampleTable } from "../src/recipes/data/sample.ts";

/** One process of the data benchmark: reads a table, cleans its labels and writes a balanced sample, as the peer does. */
const [input, output, size] = process.argv.slice(2) as [string, string, string];
const settings = parseDataSettings({ sample: { size: Number(size) } });
await sampleTable({ input, output, settings, clean: true, val: 0 });
