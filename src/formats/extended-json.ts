/** JSON in which NaN, Infinity and -Infinity stand as bare words, as Weights & Biases writes and reads them. One line. */
export function writeExtendedJson(value: unknown): string {
  if (typeof value === "number") return String(Object.is(value, -0) ? 0 : value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(writeExtendedJson).join(",")}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${writeExtendedJson(member)}`).join(",")}}`;
}
