import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { workFolder } from "../../support/work-folder.ts";
import { type WrittenAnswer, writeRun } from "../../support/written-runs.ts";
import { eventually, inBrowser, inPage, openPages, takeComplaints, whyNoBrowser } from "./browser.ts";

describe.skipIf(whyNoBrowser)(inBrowser("answers"), () => {
  const folder = workFolder();
  beforeAll(() => {
    const shared: readonly WrittenAnswer[] = [
      [0, "item_weight", "26.0 gram", "26.0 gram"],
      [1, "item_volume", "3.0 gallon", "4.0 gallon"],
      [2, "item_weight", "", "158.0 gram"],
    ];
    const other: readonly WrittenAnswer[] = [
      [0, "item_weight", "<b>no</b>", "26.0 gram"],
      [1, "item_volume", "4.0 gallon", "4.0 gallon"],
      [2, "item_weight", "1.0 gram", "158.0 gram"],
    ];
    const many = Array.from({ length: 100_000 }, (_, i): WrittenAnswer => [i, "width", `${i}.0 metre`, "7.0 metre"]);
    writeRun(folder, "good", { answers: shared });
    writeRun(folder, "other", { answers: other });
    writeRun(folder, "many", { answers: many });
    writeRun(folder, "none", {});
  });
  const pages = openPages(() => folder);
  afterEach(() => expect(takeComplaints()).toEqual([]));

  const rows = "[role=row].answer-row";

  test("stand with photograph, truth and outcome, and those with none say so", async () => {
    const page = await pages.open("tab=predictions&first=good");
    await eventually(() => page.locator(rows).count()).toBe(3);
    await page.getByText("3 of 3 answers").waitFor();
    expect(await page.locator(".outcome").allTextContents()).toEqual(["TP", "FP", "FN"]);
    await eventually(() => inPage<boolean>(page, `document.querySelector(".answer-row img").naturalWidth > 0`)).toBe(
      true,
    );
    await page.close();
  });

  test("are found by entity, outcome and text, which stand in the address", async () => {
    const page = await pages.open("tab=predictions&first=good");
    await page.getByLabel("Entity").selectOption("item_weight");
    await eventually(() => page.locator(rows).count()).toBe(2);
    await page.getByLabel("Outcome").selectOption("fn");
    await page.getByText("1 of 3 answers").waitFor();
    await page.getByLabel("Outcome").selectOption("");
    await page.getByRole("searchbox", { name: "Text in truth or answer" }).fill("158");
    await page.getByText("1 of 3 answers").waitFor();
    await eventually(async () => new URL(page.url()).hash).toMatch(/entity=item_weight&text=158$/);
    await page.reload();
    await page.getByText("1 of 3 answers").waitFor();
    await page.getByRole("searchbox", { name: "Text in truth or answer" }).fill("nowhere");
    await page.getByText("No answer fits").waitFor();
    await page.close();
  });

  test("of two runs stand side by side; what one alone has right is found", async () => {
    const page = await pages.open("tab=predictions&first=good&second=other");
    await eventually(() => page.locator(".answer-row .outcome").allTextContents()).toEqual([
      "TP",
      "FP",
      "FP",
      "TP",
      "FN",
      "FP",
    ]);
    await page.getByText("<b>no</b>").waitFor();
    for (const [choice, row] of [
      ["first", "0"],
      ["second", "1"],
      ["neither", "2"],
    ] as const) {
      await page.getByRole("combobox", { name: /^Correct/ }).selectOption(choice);
      await eventually(() => page.locator(".answer-row .entity .quiet").allTextContents()).toEqual([row]);
    }
    await page.close();
  });

  test("are read anew when the run was evaluated again, with the same F1 too", async () => {
    const answers = (answer: string): readonly WrittenAnswer[] => [[0, "width", answer, "7.0 metre"]];
    writeRun(folder, "again", { answers: answers("8.0 metre") });
    const page = await pages.open("tab=predictions&first=again");
    await page.getByText("8.0 metre").waitFor();
    writeRun(folder, "again", { answers: answers("9.0 metre") });
    await page.getByText("9.0 metre").waitFor();
    await page.close();
  });

  test("are gone through by keys, and looked at large", async () => {
    const page = await pages.open("tab=predictions&first=good");
    await page.locator(rows).first().waitFor();
    await page.getByRole("grid").focus();
    for (const key of ["j", "ArrowDown", "k"]) await page.keyboard.press(key);
    await eventually(() => page.locator("[aria-selected=true].answer-row .quiet").first().textContent()).toBe("0");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Row 0" });
    await dialog.getByText("What is the item weight?").waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("dialog", { name: "Row 1" }).getByText("4.0 gallon").waitFor();
    await page.keyboard.press("Escape");
    await eventually(() => page.getByRole("dialog").count()).toBe(0);
    expect(await inPage(page, "document.activeElement.getAttribute('role')")).toBe("grid");
    await eventually(async () => new URL(page.url()).hash).toContain("row=1");
    await page.close();
  });

  test("a hundred thousand scroll, for few of them are drawn", async () => {
    const page = await pages.open("tab=predictions&first=many");
    await page.getByText("100,000 of 100,000 answers").waitFor();
    expect(await page.locator(rows).count()).toBeLessThan(60);
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    await page.getByText("99999.0 metre").waitFor();
    const drawn = await inPage<number>(page, SCROLLED);
    expect(drawn).toBeLessThan(60);
    await page.close();
  });

  test("a run without any is not offered", async () => {
    const page = await pages.open("tab=predictions&first=none&run=none");
    await page.getByRole("combobox", { name: "Run", exact: true }).waitFor();
    expect(
      await page.getByRole("combobox", { name: "Run", exact: true }).locator("option").allTextContents(),
    ).not.toContain("none");
    await page.close();
  });
});

/** Scrolls through the list in a hundred leaps, and tells the most rows that were there at once. */
const SCROLLED = `(async () => {
  const list = document.querySelector("[role=grid]");
  let most = 0;
  for (let i = 0; i < 100; i++) {
    list.scrollTop = (list.scrollHeight * i) / 100;
    await new Promise(requestAnimationFrame);
    most = Math.max(most, document.querySelectorAll(".answer-row").length);
  }
  return most;
})()`;
