/** Negative when release `a` is before `b`, number by number: `2.9` is before `2.16`, and `2.16` is `2.16.0`. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version is a release, such as `12.5.3.2`; pre-releases and builds of one's own are none. */
export const isRelease = (version: string): boolean => /^\d+(\.\d+)*$/.test(version);

const CLAUSE = /^(==|!=|>=|<=|~=|>|<)\s*(\d+(?:\.\d+)*)(\.\*)?$/;

/** Whether a release is in a range such as `>=12.5.3.2,<13.0`, by the operators of PEP 440; any is in an empty range. */
export function isInRange(version: string, range: string): boolean {
  const clauses = range.split(",").map((clause) => clause.trim());
  return clauses.filter((clause) => clause !== "").every((clause) => satisfies(version, clause));
}

function satisfies(version: string, clause: string): boolean {
  const [, operator, bound, wildcard] = CLAUSE.exec(clause) ?? [];
  if (bound === undefined) return false;
  const order = compareVersions(version, bound);
  const isSame = wildcard ? isWithin(version, bound) : order === 0;
  switch (operator) {
    case "==":
      return isSame;
    case "!=":
      return !isSame;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case "<":
      return order < 0;
    default: // ~=1.4.5 is >=1.4.5,==1.4.*
      return order >= 0 && isWithin(version, bound.split(".").slice(0, -1).join("."));
  }
}

const isWithin = (version: string, prefix: string) =>
  compareVersions(version.split(".").slice(0, prefix.split(".").length).join("."), prefix) === 0;
