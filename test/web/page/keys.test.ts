import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { isShortcut } from "../../../src/web/page/keys.ts";
import { workFolder } from "../../support/work-folder.ts";
import { writeRun } from "../../support/written-runs.ts";
import { inBrowser, inPage, openPages, takeComplaints, whyNoBrowser } from "./browser.ts";

test("a key is a shortcut with Ctrl, Command or Alt; Shift is part of a letter", () => {
  const key = { key: "+", ctrlKey: false, metaKey: false, altKey: false, shiftKey: true, preventDefault() {} };
  expect(isShortcut(key)).toBe(false);
  for (const held of ["ctrlKey", "metaKey", "altKey"]) expect(isShortcut({ ...key, [held]: true })).toBe(true);
});

describe.skipIf(whyNoBrowser)(inBrowser("keys of the browser"), () => {
  const folder = workFolder();
  beforeAll(() => {
    const answers = [0, 1].map((index) => [index, "height", "7 cm", "7 cm"] as const);
    for (const name of ["first", "second"]) writeRun(folder, name, { answers });
  });
  const pages = openPages(() => folder);
  afterEach(() => expect(takeComplaints()).toEqual([]));

  test.each([
    ["tabs", "tab=runs", "[role=tab]", "ArrowRight"],
    ["the table of runs", "tab=runs", "tbody .tick input", "ArrowDown"],
    ["charts", "tab=charts&chart=loss&zoom=1~2", ".canvas", "-"],
    ["answers", "tab=predictions&run=first", "[role=grid]", "Home"],
  ])("are left to it by %s", async (_, state, selector, key) => {
    const page = await pages.open(state);
    await page.locator(selector).first().waitFor();
    const isTaken = (held: string) =>
      inPage<boolean>(
        page,
        `!document.querySelector(${JSON.stringify(selector)}).dispatchEvent(new KeyboardEvent("keydown",
          { key: "${key}", bubbles: true, cancelable: true, ${held} }))`,
      );
    for (const held of ["ctrlKey", "metaKey", "altKey"]) expect(await isTaken(`${held}: true`)).toBe(false);
    expect(await isTaken("")).toBe(true);
    await page.close();
  });
});
