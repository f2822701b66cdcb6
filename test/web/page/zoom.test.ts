import type uPlot from "uplot";
import { expect, test, vi } from "vitest";
import type { PressedKey } from "../../../src/web/page/keys.ts";
import type { Zoom } from "../../../src/web/page/page-state.ts";
import { hasAll, within, zoomByKey } from "../../../src/web/page/zoom.ts";

/** A key over the middle of a chart, 100 pixels wide, of which `zoom` is seen. */
function press(key: string, zoom: Zoom | null, whole: Zoom | null = null, held: Partial<PressedKey> = {}) {
  const seen = zoom ?? { from: 0, to: 100 };
  const plot = {
    over: { getBoundingClientRect: () => ({ width: 100 }) },
    cursor: { left: 50 },
    posToVal: (at: number) => seen.from + (at / 100) * (seen.to - seen.from),
    scales: { x: { min: seen.from, max: seen.to } },
    setCursor: vi.fn(),
  };
  const setZoom = vi.fn<(zoom: Zoom | null) => void>();
  const preventDefault = vi.fn();
  const event = { key, ctrlKey: false, metaKey: false, altKey: false, preventDefault, ...held };
  zoomByKey(event, plot as unknown as uPlot, { zoom, whole, setZoom });
  return { zooms: setZoom.mock.calls.map(([next]) => next), isTaken: preventDefault.mock.calls.length > 0 };
}

test("+ and - zoom about the cursor, 0 shows all", () => {
  expect(press("+", null).zooms).toEqual([{ from: 25, to: 75 }]);
  expect(press("-", { from: 40, to: 60 }).zooms).toEqual([{ from: 30, to: 70 }]);
  expect(press("0", { from: 40, to: 60 }).zooms).toEqual([null]);
  expect(press("-", null).zooms).toEqual([]);
});

test("- goes no farther than there is something, and shows all where that is all", () => {
  expect(press("-", { from: 40, to: 60 }, { from: 1, to: 65 }).zooms).toEqual([{ from: 30, to: 65 }]);
  expect(press("-", { from: 30, to: 65 }, { from: 35, to: 65 }).zooms).toEqual([null]);
  expect(within({ from: 0, to: 10 }, null)).toEqual({ from: 0, to: 10 });
});

test("there is no more where nothing that was read lies beyond what is seen", () => {
  expect(hasAll({ from: 1, to: 20 }, { from: 0, to: 26 })).toBe(true);
  expect(hasAll({ from: 4, to: 13 }, { from: 3, to: 12 })).toBe(false);
  expect(hasAll(null, { from: 3, to: 12 })).toBe(false);
});

test.each(["ctrlKey", "metaKey", "altKey"] as const)("with %s a key is the browser's", (held) => {
  for (const key of ["+", "-", "0", "ArrowLeft", "ArrowRight"]) {
    expect(press(key, { from: 40, to: 60 }, null, { [held]: true })).toEqual({ zooms: [], isTaken: false });
  }
  expect(press("-", { from: 40, to: 60 }).isTaken).toBe(true);
});
