import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { workFolder } from "../../support/work-folder.ts";
import { writeRun } from "../../support/written-runs.ts";
import { eventually, inBrowser, inPage, openPages, takeComplaints, whyNoBrowser } from "./browser.ts";

const DRAWN = `document.querySelector(".chart-panel canvas")?.toDataURL()`;

describe.skipIf(whyNoBrowser)(inBrowser("a page that stays open"), () => {
  const folder = workFolder();
  beforeEach(() => {
    writeRun(folder, "grows", { losses: [4, 3, 2], sets: ["train.max_steps=100"] });
    writeRun(folder, "other", { losses: [4, 3.5, 3] });
  });
  const pages = openPages(() => folder);
  afterEach(() => expect(takeComplaints()).toEqual([]));

  const grow = (step: number, loss: number, run = "grows") =>
    appendFileSync(
      join(folder, run, "history.jsonl"),
      `${JSON.stringify({ step, epoch: 1, loss, lr: 1e-5, samples: 4, seconds: 0.5 })}\n`,
    );

  test("a history that grows shows in table and chart; focus, zoom and what is written stay", async () => {
    const table = await pages.open("column=step&column=loss.last&sort=name");
    const chart = await pages.open("tab=charts&chart=loss&zoom=1~50");
    const row = table.locator("tr", { hasText: "grows" });
    await eventually(() => row.textContent()).toContain("3");
    await chart.getByRole("group", { name: /^loss of 2/ }).focus();
    await chart.waitForTimeout(500);
    const before = await inPage(chart, DRAWN);
    await table.getByRole("searchbox", { name: "Filter runs" }).pressSequentially("gro");
    for (let step = 4; step < 40; step++) grow(step, 1.25);
    await eventually(() => row.textContent()).toMatch(/39.*1\.25/);
    await eventually(() => inPage(chart, DRAWN)).not.toBe(before);
    expect(await table.getByRole("searchbox", { name: "Filter runs" }).inputValue()).toBe("gro");
    expect(await inPage(table, "document.activeElement.getAttribute('aria-label')")).toBe("Filter runs");
    expect(await inPage(chart, "document.activeElement.getAttribute('aria-label')")).toMatch(/^loss of 2/);
    expect(new URL(chart.url()).hash).toMatch(/zoom=1(~|%7E)50/);
    await Promise.all([table.close(), chart.close()]);
  });

  test("a run that was opened at its first step is drawn as one that is opened later", async () => {
    onTestFinished(() => rmSync(join(folder, "young"), { recursive: true }));
    writeRun(folder, "young", { losses: [4], sets: ["train.max_steps=9"] });
    const page = await pages.open("tab=charts&chart=loss&run=young");
    await page.getByRole("group", { name: /^loss of 1 run;/ }).waitFor();
    const before = await inPage(page, DRAWN);
    for (let step = 2; step <= 9; step++) grow(step, 4 - step / 3, "young");
    await eventually(() => inPage(page, DRAWN)).not.toBe(before);
    const later = await pages.open("tab=charts&chart=loss&run=young");
    await later.getByRole("group", { name: /^loss of 1 run;/ }).waitFor();
    await eventually(async () => (await inPage(page, DRAWN)) === (await inPage(later, DRAWN))).toBe(true);
    await Promise.all([page.close(), later.close()]);
  });

  test("lines of a history that cannot be read are counted, the others drawn", async () => {
    appendFileSync(join(folder, "other", "history.jsonl"), "no record\n");
    appendFileSync(join(folder, "other", "history.jsonl"), `${JSON.stringify({ step: 5, loss: 1 })}\n`);
    const page = await pages.open("tab=charts&chart=loss&run=other");
    await page.getByText("without 1 broken line", { exact: true }).waitFor();
    await page.getByRole("group", { name: /^loss of 1 run;/ }).waitFor();
    await page.close();
  });

  test("a run that comes or is deleted is told of, and comes and goes", async () => {
    const page = await pages.open("run=other&run=fresh&tab=charts&chart=loss");
    await page.getByRole("group", { name: /^loss of 1 run;/ }).waitFor();
    writeRun(folder, "fresh", { losses: [2, 1] });
    await page.getByRole("group", { name: /^loss of 2 runs/ }).waitFor();
    await eventually(() => page.locator("p.unseen").textContent()).toBe("fresh is new");
    rmSync(join(folder, "fresh"), { recursive: true });
    await page.getByRole("group", { name: /^loss of 1 run;/ }).waitFor();
    await eventually(() => page.locator("p.unseen").textContent()).toBe("fresh was deleted");
    await page.close();
  });

  test("what changes while the runs are on their way shows when they are there", async () => {
    const page = await pages.open("column=loss.last");
    const row = page.locator("tr", { hasText: "grows" });
    await row.waitFor();
    await page.route("**/api/runs", async (route) => {
      const response = await route.fetch();
      await page.getByText("live", { exact: true }).waitFor();
      grow(4, 0.0625);
      await page.waitForTimeout(3000);
      await route.fulfill({ response });
    });
    await page.reload();
    await eventually(() => row.textContent()).toContain("0.0625");
    await page.close();
  });

  test("a server that is gone is told of; when it is back, so is all that happened meanwhile", async () => {
    const page = await pages.open("column=loss.last");
    await page.getByText("live", { exact: true }).waitFor();
    await pages.stop();
    await page.getByRole("alert").getByText("The server does not answer").waitFor();
    expect(await page.locator("tbody tr").count()).toBe(2);
    grow(4, 0.125);
    await pages.start();
    await page.getByText("live", { exact: true }).waitFor();
    await eventually(() => page.locator("tr", { hasText: "grows" }).textContent()).toContain("0.125");
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.close();
  });
});
