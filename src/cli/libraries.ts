/**
 * What every command loads of others. The build makes one file of this and what it stands on: as some 80 modules they take
 * longer to load than Node itself.
 */
export { SingleBar } from "cli-progress";
export { getBorderCharacters, table } from "table";
export { default as yargs } from "yargs";
