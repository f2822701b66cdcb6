/**
 * The JSON in what a program printed, be there notices before and after it: those of npm, or of a sitecustomize of
 * Python's. @returns an object or an array; undefined when there is none
 */
export function findJson(text: string): unknown {
  const end = 1 + Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  for (const { index } of text.slice(0, end).matchAll(/[{[]/g)) {
    try {
      return JSON.parse(text.slice(index, end));
    } catch {
      // a bracket of a notice
    }
  }
  return undefined;
}
