import { scoreFiles } from "../src/recipes/score.ts";

/** The score alone, without the command line around it. */
const [predictions, truth] = process.argv.slice(2) as [string, string];
process.stdout.write(`${JSON.stringify(await scoreFiles({ predictions, truth }))}\n`);
