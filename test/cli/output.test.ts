import { afterEach, expect, test, vi } from "vitest";
import { renderKeyTable } from "../../src/cli/key-table.ts";
import { paint, renderTable } from "../../src/cli/output.ts";
import { configKeys } from "../../src/config/keys.ts";

afterEach(() => void vi.unstubAllEnvs());

test("a table aligns text left and numbers right, four decimals at most", () => {
  const rows = [
    { entity: "all", f1: 0.5, true_positives: 12 },
    { entity: "item_weight", f1: null, true_positives: 3 },
  ];
  expect(renderTable(rows)).toBe(
    [
      "entity           f1  true positives",
      "all          0.5000              12",
      "item_weight       –               3",
      "",
    ].join("\n"),
  );
});

test("colour is for terminals whose user has not refused it", () => {
  vi.stubEnv("NO_COLOR", "");
  expect(paint({ isTTY: true }, "red", "no")).toBe("\u001b[31mno\u001b[39m");
  expect(paint({}, "red", "no")).toBe("no");
  vi.stubEnv("NO_COLOR", "1");
  expect(paint({ isTTY: true }, "red", "no")).toBe("no");
});

test("every key of a configuration fits the width of its help", () => {
  const lines = renderKeyTable(configKeys(), 90).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(90);
  expect(lines.find((line) => line.startsWith("lora.rank "))).toMatch(/^lora\.rank +8 +rank r of an adapter$/);
});
