import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { runFolder } from "../../../src/runs/folder.ts";
import { workFolder } from "../../support/work-folder.ts";
import { writeRun } from "../../support/written-runs.ts";
import { eventually, inBrowser, inPage, openPages, takeComplaints, whyNoBrowser } from "./browser.ts";

const HOSTILE = `<img src=x onerror="document.title='hit'">`;

describe.skipIf(whyNoBrowser)(inBrowser("the table of runs"), () => {
  const folder = workFolder();
  beforeAll(() => {
    writeRun(folder, "slow", { sets: ["train.lr=1e-5"], losses: [4, 3.5, 3.25] });
    writeRun(folder, "fast", {
      sets: ["train.lr=0.01"],
      losses: [4, 1, 0.5],
      answers: [[0, "item_weight", "26.0 gram", "26.0 gram"]],
    });
    writeRun(folder, "odd", { sets: ["train.lr=0.001", `data.prompt=${HOSTILE} {entity}`], losses: [4, null, 2] });
    writeRun(folder, HOSTILE.replaceAll("/", ""), { losses: [1] });
  });
  const pages = openPages(() => folder);
  afterEach(() => expect(takeComplaints()).toEqual([]));

  const names = "tbody tr .name .text";

  test("sorts by any column, either way", async () => {
    const page = await pages.open();
    await page.getByRole("button", { name: "loss.last" }).click();
    const header = page.locator("th", { hasText: "loss.last" });
    await eventually(() => header.getAttribute("aria-sort")).toBe("descending");
    expect(await page.locator(names).allTextContents()).toEqual(["slow", "odd", HOSTILE, "fast"]);
    await page.getByRole("button", { name: "loss.last" }).click();
    await eventually(() => page.locator(names).first().textContent()).toBe("fast");
    await page.close();
  });

  test("filters by an expression, says what it does not know, and keeps both in the address", async () => {
    const page = await pages.open();
    await page.locator(names).first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("train.lr>=1e-3 -name:img nonsense:1");
    await eventually(() => page.locator(names).allTextContents()).toEqual(expect.arrayContaining(["fast", "odd"]));
    expect(await page.locator(names).count()).toBe(2);
    expect(await page.locator("#filter-faults").textContent()).toBe("no run has nonsense");
    await eventually(async () => new URL(page.url()).hash).toMatch(/filter=train\.lr.*nonsense%3A1$/);
    await page.reload();
    await eventually(() => page.locator(names).count()).toBe(2);
    await page.getByRole("searchbox", { name: "Filter runs" }).fill("no such run");
    await page.getByText("No run fits").waitFor();
    await page.close();
  });

  test("shows the columns that are chosen", async () => {
    const page = await pages.open("column=loss.min&column=lora.rank");
    await eventually(() => page.locator("thead th").allTextContents()).toEqual(["", "name", "loss.min", "lora.rank"]);
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("searchbox", { name: "Find: columns" }).fill("loss.max");
    await page.getByRole("checkbox", { name: "loss.max" }).check();
    await eventually(() => page.locator("thead th").last().textContent()).toBe("loss.max");
    await page.keyboard.press("Escape");
    expect(await page.locator(".panel").count()).toBe(0);
    expect(await inPage(page, "document.activeElement.textContent")).toContain("Columns");
    await page.close();
  });

  test("selects by keys, ranges with Shift, and all", async () => {
    const page = await pages.open("sort=name&filter=-img");
    const box = (name: string) => page.getByRole("checkbox", { name: `Select ${name}` });
    await box("fast").focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("k");
    await page.keyboard.press("Space");
    await page.getByText("2 of 4 runs selected").waitFor();
    expect(await box("odd").isChecked()).toBe(true);
    await box("slow").click({ modifiers: ["Shift"] });
    await page.getByText("3 of 4 runs selected").waitFor();
    await eventually(async () => new URLSearchParams(new URL(page.url()).hash.slice(1)).getAll("run")).toEqual([
      "fast",
      "odd",
      "slow",
    ]);
    await page.getByRole("button", { name: "Select none" }).click();
    await page.getByRole("checkbox", { name: "Select all runs" }).click();
    await page.getByText("3 of 4 runs selected").waitFor();
    await page.close();
  });

  test("leads to the comparison and to files of the selected runs", async () => {
    const page = await pages.open("run=fast&run=slow");
    const compare = page.getByRole("link", { name: "Compare 2" });
    const report = await page.request.get(new URL((await compare.getAttribute("href"))!, pages.url()).href);
    expect(report.status()).toBe(200);
    expect(await report.text()).toContain("train.lr");
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Histories as CSV" }).click(),
    ]);
    expect(await download.failure()).toBeNull();
    await page.close();
  });

  test("leads to a comparison of curves where the runs' answers are to a file, whose place the server does not know", async () => {
    for (const name of ["filed", "bare"]) {
      onTestFinished(() => rmSync(join(folder, name), { recursive: true }));
      const run = runFolder(writeRun(folder, name, {}));
      writeFileSync(run.predictions("more.csv"), "index,entity_name,prediction,truth\n0,height,7 gram,7 gram\n");
    }
    const page = await pages.open("run=filed&run=bare");
    const compare = page.getByRole("link", { name: "Compare 2" });
    const report = await page.request.get(new URL((await compare.getAttribute("href"))!, pages.url()).href);
    expect([report.status(), await report.text()]).toEqual([200, expect.stringContaining("has no answers to compare")]);
    await page.close();
  });

  test("gives runs of one setting one colour", async () => {
    const page = await pages.open("filter=-img");
    const spans = `[...document.querySelectorAll("tbody .dot span")]`;
    const colours = () => inPage<number>(page, `new Set(${spans}.map((span) => getComputedStyle(span).color)).size`);
    await eventually(colours).toBe(3);
    await page.getByLabel("Colour by").selectOption("lora.rank");
    await eventually(colours).toBe(1);
    await page.close();
  });

  test("takes names and settings for text and nothing else", async () => {
    const page = await pages.open(`column=data.prompt&tab=runs`);
    await page.getByText(HOSTILE, { exact: true }).waitFor();
    await page.getByRole("cell", { name: `${HOSTILE} {entity}` }).waitFor();
    for (const tab of ["Charts", "Settings", "Predictions"]) {
      await page.getByRole("tab", { name: tab }).click();
      await eventually(() => page.getByRole("tab", { name: tab }).getAttribute("aria-selected")).toBe("true");
    }
    expect(await page.locator("img[src=x]").count()).toBe(0);
    expect(await page.title()).not.toBe("hit");
    await page.close();
  });

  test("settings: those that differ, then all; tabs go by arrows, and back goes to the tab before", async () => {
    const page = await pages.open("run=fast&run=slow");
    await page.getByRole("tab", { name: "Runs" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const settings = page.locator("tbody th");
    await eventually(() => settings.allTextContents()).toEqual(["train.lr"]);
    expect(await page.locator("tbody td").allTextContents()).toEqual(expect.arrayContaining(["0.00001", "0.01"]));
    await page.getByLabel("Equal settings too").check();
    await eventually(() => settings.count()).toBeGreaterThan(20);
    await page.goBack();
    await page.goBack();
    await eventually(() => page.getByRole("tab", { name: "Runs" }).getAttribute("aria-selected")).toBe("true");
    await page.close();
  });

  test("is dark or light as the reader wants, and remembers it", async () => {
    const page = await pages.open("", { colorScheme: "light" });
    const back = () => inPage(page, "getComputedStyle(document.body).backgroundColor");
    await eventually(back).toBe("rgb(255, 255, 255)");
    await page.getByLabel("Colours of the page").selectOption("dark");
    await eventually(back).toBe("rgb(20, 22, 26)");
    await page.reload();
    await eventually(back).toBe("rgb(20, 22, 26)");
    await page.close();
  });
});

describe.skipIf(whyNoBrowser)(inBrowser("a folder of more runs than an address has room for"), () => {
  const folder = workFolder();
  beforeAll(() => {
    for (let i = 0; i < 201; i++) writeRun(folder, `run-${i}`, { losses: [2, 1] });
  });
  const pages = openPages(() => folder);
  test("has files of as many as the server takes, and says so of more", async () => {
    const page = await pages.open();
    await page.getByRole("checkbox", { name: "Select all runs" }).check();
    await page.getByText("Comparison and files are of 200 runs at most", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Export" }).count()).toBe(0);
    await page.getByRole("checkbox", { name: "Select run-7", exact: true }).uncheck();
    await page.getByRole("button", { name: "Export" }).click();
    const address = await page.getByText("Runs as CSV").getAttribute("href");
    expect((await page.request.get(new URL(address!, pages.url()).href)).status()).toBe(200);
    await page.close();
  });

  test("has charts of as many as a reader can tell apart, and says so of more", async () => {
    const page = await pages.open("chart=loss");
    await page.getByRole("checkbox", { name: "Select all runs" }).check();
    await page.getByRole("tab", { name: "Charts" }).click();
    await page.getByText(/^The first 50 of 201 runs are drawn/).waitFor();
    await page.getByRole("group", { name: /^loss of 50 runs/ }).waitFor();
    await page.close();
  });
});

describe.skipIf(whyNoBrowser)(inBrowser("a folder without runs"), () => {
  const empty = workFolder();
  const pages = openPages(() => empty);
  test("says so, and what to do", async () => {
    const page = await pages.open();
    await page.getByText("No runs yet").waitFor();
    await page.getByText("amlc train").waitFor();
  });
});
