import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { workFolder } from "../../support/work-folder.ts";
import { writeRun } from "../../support/written-runs.ts";
import { eventually, inBrowser, inPage, openPages, takeComplaints, whyNoBrowser } from "./browser.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeFault {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Faults that keep people out, in words. */
async function seriousFaults(page: Page): Promise<readonly string[]> {
  await inPage(page, `${AXE}; undefined`);
  const faults = await inPage<readonly AxeFault[]>(page, "axe.run().then(({ violations }) => violations)");
  const serious = faults.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

describe.skipIf(whyNoBrowser)(inBrowser("everybody can use"), () => {
  const folder = workFolder();
  beforeAll(() => {
    const answers = [
      [0, "item_weight", "26.0 gram", "26.0 gram"],
      [1, "item_volume", "3.0 gallon", "4.0 gallon"],
    ] as const;
    writeRun(folder, "first", { answers, sets: ["train.lr=0.01"] });
    writeRun(folder, "a-rather-long-name-of-a-run-that-tells-all-of-its-settings-at-once", { answers });
    writeRun(folder, "third", { losses: [4, null] });
  });
  const pages = openPages(() => folder);
  afterEach(() => expect(takeComplaints()).toEqual([]));

  const VIEWS = [
    ["runs", "tab=runs&run=first", "tbody tr"],
    ["charts", "tab=charts&smooth=0.5", ".chart-panel canvas"],
    ["settings", "tab=settings&all=", "tbody td"],
    ["predictions", "tab=predictions&first=first&second=third&row=0", ".answer-row"],
  ] as const;
  const SIZES = [
    [1440, 900],
    [390, 844],
  ] as const;

  for (const colorScheme of ["light", "dark"] as const)
    for (const [width, height] of SIZES)
      test.each(VIEWS)(`%s, ${colorScheme}, ${width} pixels wide`, async (_, fragment, sign) => {
        const page = await pages.open(fragment, { colorScheme, viewport: { width, height } });
        await page.locator(sign).first().waitFor();
        await page.waitForTimeout(100);
        expect(await seriousFaults(page)).toEqual([]);
        expect(await inPage<number>(page, "document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
        await page.close();
      });

  test("a menu and a large picture", async () => {
    const page = await pages.open("tab=predictions&first=first&row=0", { viewport: { width: 390, height: 844 } });
    await page.locator(".answer-row").first().waitFor();
    await page.getByRole("grid").press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("tab", { name: "Runs" }).click();
    for (const name of ["Columns", "Export"]) {
      await page.getByRole("button", { name }).click();
      const { x, width } = (await page.locator(".panel").boundingBox())!;
      expect([x >= 0, x + width <= 390]).toEqual([true, true]);
      expect(await seriousFaults(page)).toEqual([]);
      expect(await inPage<number>(page, "document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
      await page.keyboard.press("Escape");
    }
    await page.close();
  });

  test("every control by the tabulator key, and the focus is seen", async () => {
    const page = await pages.open("tab=charts&chart=loss");
    await page.locator(".chart-panel canvas").waitFor();
    const focused = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      const name = await inPage(
        page,
        `(() => {
        const node = document.activeElement;
        return (node.ariaLabel ?? node.labels?.[0]?.textContent ?? node.textContent) + " " + getComputedStyle(node).outlineStyle;
      })()`,
      );
      focused.add(name);
    }
    const reached = [...focused].filter((name) => name.endsWith("solid") || name.endsWith("auto")).join("\n");
    for (const name of [
      "Charts",
      "Filter runs",
      "Draw first",
      "Hide first",
      "Against",
      "Smoothing",
      "loss of",
      "Remove loss",
    ])
      expect(reached).toContain(name);
    await page.close();
  });

  test("without movement where none is wanted", async () => {
    const page = await pages.open("", { reducedMotion: "reduce" });
    await eventually(() => page.locator("tbody tr").count()).toBe(3);
    expect(await inPage<number>(page, "document.getAnimations().length")).toBe(0);
    await page.close();
  });
});
