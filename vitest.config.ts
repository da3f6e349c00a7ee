import { defineConfig } from "vitest/config";

/** Three projects: `fast` is `npm test` (offline, ≤ 2 min), `e2e` needs the real stack, `package` needs `npm run build`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/{unit,cli,contract,house}/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/stack/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
