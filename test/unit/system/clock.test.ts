import { expect, it } from "vitest";
import { createClock } from "../../../src/system/clock.ts";

const clock = createClock();

it("sleeps at least as long as asked", async () => {
  const began = clock.now();
  await clock.sleep(20);
  expect(clock.now() - began).toBeGreaterThanOrEqual(19);
});

it("an aborted sleep throws the signal's reason, before and during", async () => {
  const controller = new AbortController();
  const sleeping = clock.sleep(60_000, controller.signal);
  const reason = new Error("interrupted");
  controller.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
  await expect(clock.sleep(60_000, controller.signal)).rejects.toBe(reason);
});
