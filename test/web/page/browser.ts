import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { type ServedPage, serveUi } from "../../../src/web/serve.ts";
import { chromiumOptions, findChromium } from "../../support/chromium.ts";

const PROGRAM = findChromium();

/** Why no page can be opened; undefined where one can. */
export const whyNoBrowser = PROGRAM ? undefined : "no Chromium is on the path; CHROMIUM_PATH names one";

/** For the name of a describe: what it does, or why it is skipped. */
export const inBrowser = (what: string) => (whyNoBrowser ? `${what} (skipped: ${whyNoBrowser})` : what);

export interface OpenPage {
  /** Opens the page of the served folder with a state; what the browser complains of fails the test. */
  open(fragment?: string, options?: BrowserContextOptions): Promise<Page>;
  readonly url: () => string;
  /** Ends the server, and starts it again at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A browser and the real server over a folder, for the tests of a describe. */
export function openPages(folder: () => string): OpenPage {
  let browser: Browser;
  let served: ServedPage;
  let port = 0;
  const start = async () => {
    served = await serveUi({ folder: folder(), port });
    port = Number(new URL(served.url).port);
  };
  beforeAll(async () => {
    browser = await chromium.launch(chromiumOptions(PROGRAM!));
    await start();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });
  return {
    async open(fragment = "", options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        reducedMotion: "reduce",
        ...options,
      });
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
      });
      await page.goto(`${served.url}#${fragment}`);
      return page;
    },
    url: () => served.url,
    stop: () => served.close(),
    start,
  };
}

const complaints: string[] = [];

/** Errors of scripts, and what the page's policy has kept from being done, since last asked. */
export const takeComplaints = () => complaints.splice(0);

/** Waits until a page says so. */
export const eventually = <T>(value: () => Promise<T>) => expect.poll(value, { timeout: 20_000, interval: 50 });

/** What an expression is in the page; text, for tests are not checked with a browser's types. */
export const inPage = <T = string>(page: Page, expression: string) => page.evaluate<T>(expression);
