/** Some names for a message: `a, b, c, d, e and 12 more`. */
export function few(names: readonly string[], limit = 5): string {
  const rest = names.length - limit;
  return names.slice(0, limit).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
