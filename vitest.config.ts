import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global-setup.ts"],
    setupFiles: ["test/setup.ts"],
    maxWorkers: "100%",
    testTimeout: 180_000, // of what hangs: a test takes seconds, but on a busy machine many times as long
    hookTimeout: 180_000,
  },
});
