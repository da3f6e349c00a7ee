import { defineConfig } from "vitest/config";

/** Files of `e2e` that make sense on the simulated cluster, and run there as they are. The others need a real one: docs/sandbox.md. */
const ON_SANDBOX = `
  add-secret bad-input clusters demo-breakages demo-kubectl doctor foreign-address init-blocked init-eso init-identities init-matrix plan-and-parts
  refusals rotate-cron second-run second-run-infisical selector sync talk wizard
`
  .trim()
  .split(/\s+/)
  .map((name) => `test/e2e/${name}.test.ts`);

/** Four projects: `sandbox` is e2e on the simulated cluster, `fast` is `npm test` (offline, ≤ 2 min), `e2e` needs the real stack, `package` needs `npm run build`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/{unit,cli,contract,house}/**/*.test.ts"],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: ["test/e2e/demo-*.test.ts"], // a demo has no other cluster than the simulated one
          globalSetup: ["test/e2e/stack/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "sandbox",
          include: ON_SANDBOX,
          env: { ESO_BOOTSTRAP_E2E_STACK: "sandbox" },
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
