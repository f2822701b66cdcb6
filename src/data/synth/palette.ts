import type { Random } from "../../util/random.ts";
import { between, chance } from "./choose.ts";
import type { Rgb } from "./shapes.ts";

/** Hue in degrees; saturation and lightness from 0 to 1. */
export interface Colour {
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
}

/** The colours of a label: all text is in ink or accent on paper or shade, or the other way round on a badge. */
export interface Palette {
  readonly paper: Colour;
  readonly shade: Colour;
  readonly ink: Colour;
  readonly accent: Colour;
}

const STEP = 0.04;

/** @param contrast least contrast of ink and accent on paper and shade, as WCAG counts it */
export function choosePalette(isDark: boolean, contrast: number, random: Random): Palette {
  let paper = isDark ? darkPaper(random) : lightPaper(random);
  const step = between(random, -0.09, 0.09);
  const shadeOf = ({ lightness, ...colour }: Colour) => ({ ...colour, lightness: clamp(lightness + step) });
  let [ink, accent] = [inkFor(isDark, random), inkFor(isDark, random)];
  const away = isDark ? STEP : -STEP;
  const move = (colour: Colour, by: number) => ({ ...colour, lightness: clamp(colour.lightness + by) });
  const grounds = () => [paper, shadeOf(paper)];
  const isClear = (text: Colour) => grounds().every((ground) => contrastOf(text, ground) >= contrast);
  for (let i = 0; i < 1 / STEP && !(isClear(ink) && isClear(accent)); i++) {
    if (!isClear(ink)) ink = move(ink, away);
    if (!isClear(accent)) accent = move(accent, away);
    paper = move(paper, -away / 2);
  }
  return { paper, shade: shadeOf(paper), ink, accent };
}

const anyHue = (random: Random) => random.int(360);

function lightPaper(random: Random): Colour {
  if (chance(random, 0.4)) return { hue: anyHue(random), saturation: 0.1, lightness: between(random, 0.94, 1) };
  return { hue: anyHue(random), saturation: between(random, 0.1, 0.9), lightness: between(random, 0.66, 0.95) };
}

const darkPaper = (random: Random): Colour => ({
  hue: anyHue(random),
  saturation: chance(random, 0.35) ? between(random, 0, 0.15) : between(random, 0.3, 0.95),
  lightness: between(random, 0.06, 0.42),
});

/** Mostly black or white, sometimes coloured. */
function inkFor(isDark: boolean, random: Random): Colour {
  const saturation = chance(random, 0.55) ? between(random, 0, 0.1) : between(random, 0.4, 1);
  const lightness = isDark ? between(random, 0.78, 1) : between(random, 0, 0.42);
  return { hue: anyHue(random), saturation, lightness };
}

/** Anything but glaring, for what is around a label. */
export const sceneColour = (random: Random): Colour => ({
  hue: anyHue(random),
  saturation: between(random, 0, 0.7),
  lightness: between(random, 0.15, 0.9),
});

const clamp = (x: number) => Math.min(1, Math.max(0, x));

/** 0 to 255. (CSS Color 4) */
export function toRgb({ hue, saturation, lightness }: Colour): Rgb {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const part = (n: number) => {
    const k = (n + hue / 30) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [part(0), part(8), part(4)];
}

/** From 1 to 21 (WCAG 2.2). */
export function contrastOf(a: Colour, b: Colour): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: Colour): number {
  const [r, g, b] = toRgb(colour).map((part) => linear(part / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
