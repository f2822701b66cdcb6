/** A folder of src may import only folders of a lower rank, and itself. docs/architecture.md draws this table. */
export const RANKS: readonly (readonly string[])[] = [
  ["util"],
  ["graph", "formats", "challenge", "config", "http"],
  ["engine", "data", "runs", "track"],
  ["model"],
  ["train", "infer", "export", "report", "setup"],
  ["recipes"],
  ["web"],
  ["cli"],
];
