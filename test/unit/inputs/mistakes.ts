import { expect } from "vitest";
import { isBootstrapError, type BootstrapError } from "../../../src/errors.ts";

/** The expected failure that `work` ends with. */
export function failureOf(work: () => unknown): BootstrapError {
  try {
    work();
  } catch (error) {
    if (isBootstrapError(error)) return error;
    throw error;
  }
  return expect.fail("it should have failed");
}

/** The mistakes of a file, one per line, as the error lists them. */
export function linesOf(error: BootstrapError): string[] {
  return (error.reason ?? "").split("\n");
}

/** A small file that is right; `more` is appended. */
export const GOOD = `apiVersion: eso-bootstrap/v1
infisical:
  project: shop
stores:
  - name: infisical
    namespace: shop
    environment: prod
    path: /shop
secrets:
  - name: shop-db
    namespace: shop
    store: infisical
    keys: [DB_HOST]
`;
