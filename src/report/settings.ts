/** Settings by dotted key, as text: `train.lr` → `0.01`. */
export function flattenSettings(values: unknown, prefix = ""): Record<string, string> {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    return prefix === "" ? {} : { [prefix]: typeof values === "string" ? values : JSON.stringify(values) };
  }
  const parts = Object.entries(values).map(([key, value]) => flattenSettings(value, prefix ? `${prefix}.${key}` : key));
  return Object.assign(Object.create(null), ...parts) as Record<string, string>;
}
