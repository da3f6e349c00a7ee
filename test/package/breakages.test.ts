import { expect, it } from "vitest";
import { BREAKAGES } from "../../src/sandbox/demo/index.ts";
import { breakEach } from "../helpers/break-each.ts";

/** Here, and not with the fast tests, because all of them take as long as a tenth of those. */
it("everything that demo --break knows is named first, and what doctor prints mends it", async () => {
  expect(await breakEach(BREAKAGES)).toEqual(
    BREAKAGES.map(({ name, code }) => ({ name, code, exits: 0, left: [] })),
  );
});
