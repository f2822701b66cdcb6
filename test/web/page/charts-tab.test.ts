import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { workFolder } from "../../support/work-folder.ts";
import { writeRun } from "../../support/written-runs.ts";
import { eventually, inBrowser, inPage, openPages, takeComplaints, whyNoBrowser } from "./browser.ts";

const DRAWN = `document.querySelector(".chart-panel canvas")?.toDataURL()`;

describe.skipIf(whyNoBrowser)(inBrowser("charts"), () => {
  const folder = workFolder();
  beforeAll(() => {
    const losses = Array.from({ length: 3000 }, (_, i) => 4 / (1 + i / 100) + (i % 7) / 100);
    writeRun(folder, "long", { losses });
    writeRun(folder, "short", { losses: losses.slice(0, 300).map((loss) => loss + 1) });
  });
  const pages = openPages(() => folder);
  afterEach(() => expect(takeComplaints()).toEqual([]));

  const params = (address: string) => new URLSearchParams(new URL(address).hash.slice(1));

  test("draw the metrics that people look at first, and others that are added", async () => {
    const page = await pages.open("tab=charts");
    await eventually(() => page.locator(".chart-panel canvas").count()).toBe(4);
    await page.getByRole("button", { name: "Remove lr" }).click();
    await eventually(() => page.locator(".chart-panel h2").allTextContents()).not.toContain("lr");
    await page.getByRole("button", { name: "Charts", exact: true }).click();
    await page.getByRole("checkbox", { name: "tokens_per_s" }).check();
    await eventually(() => page.locator(".chart-panel h2").allTextContents()).toContain("tokens_per_s");
    await eventually(async () => params(page.url()).getAll("chart")).toContain("tokens_per_s");
    await page.close();
  });

  test("show the values of all runs at the cursor, in all charts at once", async () => {
    const page = await pages.open("tab=charts&chart=loss&chart=lr");
    const over = page.locator(".u-over");
    await eventually(() => over.count()).toBe(2);
    await over.first().hover({ position: { x: 20, y: 40 } });
    await eventually(() => page.locator(".readout").count()).toBe(2);
    const lines = page.locator(".readout").first().locator("tr");
    expect(await lines.allTextContents()).toEqual([
      expect.stringMatching(/^short\d/),
      expect.stringMatching(/^long\d/),
    ]);
    const box = (await over.first().boundingBox())!;
    await page.mouse.move(box.x + box.width - 40, box.y + 40);
    await eventually(() => lines.allTextContents()).toEqual([expect.stringMatching(/^long/)]);
    await page.close();
  });

  test("a drag zooms all charts, asks the server for the stretch, and is kept in the address", async () => {
    const page = await pages.open("tab=charts&chart=loss&chart=lr");
    const over = page.locator(".u-over").first();
    await over.waitFor();
    const box = (await over.boundingBox())!;
    const asked = page.waitForRequest(
      (request) => request.url().includes("/api/series") && request.url().includes("from="),
    );
    await page.mouse.move(box.x + box.width / 4, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const from = Number(new URL((await asked).url()).searchParams.get("from"));
    expect(from).toBeGreaterThan(600);
    expect(from).toBeLessThan(800);
    await eventually(async () => params(page.url()).get("zoom")).toMatch(/^7\d\d.*~1[45]\d\d/);
    await page.getByRole("button", { name: "Whole range" }).click();
    await eventually(async () => params(page.url()).has("zoom")).toBe(false);
    await page.close();
  });

  test("are read and zoomed by keys", async () => {
    const page = await pages.open("tab=charts&chart=loss");
    await page.getByRole("group", { name: /^loss of 2 runs/ }).focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) await page.keyboard.press(key);
    await page.getByRole("status").filter({ hasText: "step" }).waitFor();
    await page.keyboard.press("+");
    await eventually(async () => params(page.url()).has("zoom")).toBe(true);
    await page.keyboard.press("0");
    await eventually(async () => params(page.url()).has("zoom")).toBe(false);
    await page.close();
  });

  test("smoothing, logarithms and what stands below are in the address, and the picture follows", async () => {
    const page = await pages.open("tab=charts&chart=loss");
    const canvas = page.locator(".chart-panel canvas");
    await canvas.waitFor();
    const picture = () => inPage(page, DRAWN);
    await page.waitForTimeout(300);
    const pictures = [await picture()];
    const after = async (change: () => Promise<unknown>) => {
      await change();
      await eventually(async () => pictures.includes(await picture())).toBe(false);
      await page.waitForTimeout(200);
      pictures.push(await picture());
    };
    await after(() => page.getByLabel("Smoothing").fill("0.9"));
    await after(() => page.getByLabel("Without outliers").check());
    await after(() => page.getByRole("button", { name: "log", exact: true }).click());
    await after(() => page.getByLabel("Logarithmic").check());
    await after(() => page.getByLabel("Against").selectOption("time"));
    await eventually(async () => params(page.url()).toString()).toBe(
      "tab=charts&chart=log%3Aloss&x=time&logx=&middle=&smooth=0.9",
    );
    const other = await pages.open(new URL(page.url()).hash.slice(1));
    await eventually(() => inPage(other, DRAWN)).toBe(pictures.at(-1));
    await other.close();
    await page.close();
  });

  test("a run's dot hides it in charts, its box leaves it out", async () => {
    const page = await pages.open("tab=charts&chart=loss");
    await page.getByRole("group", { name: /^loss of 2 runs/ }).waitFor();
    await page.getByRole("button", { name: "Hide short in charts" }).click();
    await page.getByRole("group", { name: /^loss of 1 run;/ }).waitFor();
    await page.getByRole("button", { name: "Hide short in charts" }).click();
    await page.getByRole("checkbox", { name: "Draw long" }).click();
    await page.getByRole("group", { name: /^loss of 1 run;/ }).waitFor();
    await eventually(async () => params(page.url()).getAll("run")).toEqual(["short"]);
    await page.close();
  });
});
