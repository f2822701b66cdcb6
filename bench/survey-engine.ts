import { type Candidate, survey } from "../src/engine/survey.ts";

/** One process of the GPU benchmark: what is found of an engine, as a line of JSON. */
process.stdout.write(`${JSON.stringify(await survey(JSON.parse(process.argv[2]!) as Candidate))}\n`);
process.exit(); // a device's threads would keep the process alive
