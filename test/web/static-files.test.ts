import { posix } from "node:path";
import { expect, test } from "vitest";
import { IMPORTS } from "../../src/web/shell.ts";
import { findStatic } from "../../src/web/static-files.ts";

/** What a module imports, as it is written there. */
const importsOf = (text: string) => [...text.matchAll(/\b(?:from|import)\s*"([\w./@-]+)"/g)].map(([, name]) => name!);

test("every module that the page comes to import is sent, as a script", () => {
  const waiting = ["/page/main.js"];
  const seen = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const file = findStatic(path);
    expect(file, path).toMatchObject({ type: "text/javascript; charset=utf-8" });
    for (const name of importsOf(file!.body)) {
      const mapped = Object.hasOwn(IMPORTS, name) ? IMPORTS[name as keyof typeof IMPORTS] : undefined;
      waiting.push(mapped ?? posix.join(posix.dirname(path), name));
    }
  }
  expect([...seen]).toEqual(expect.arrayContaining(Object.values(IMPORTS)));
  expect(seen.size).toBeGreaterThan(10);
});

test("styles are styles, and files of the build that a browser does not want are none", () => {
  expect(findStatic("/page/style.css")).toMatchObject({ type: "text/css; charset=utf-8" });
  for (const path of ["/page/main.d.ts", "/page/", "/page", "/page/main.js/", "/PAGE/main.js"]) {
    expect(findStatic(path)).toBeUndefined();
  }
});

test("what is sent is known again by its contents", () => {
  expect(findStatic("/")!.etag).toBe(findStatic("/index.html")!.etag);
  expect(findStatic("/")!.etag).not.toBe(findStatic("/page/style.css")!.etag);
});
