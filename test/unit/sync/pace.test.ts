import { expect, test } from "vitest";
import { rateLimitIn } from "../../../src/sync/pace.ts";

test.each([
  ['APIError: [status-code=429] [message="Rate limit exceeded. Please try again in 12 seconds"]', 12],
  ["[status-code=429] Too Many Requests", 30],
  ["Rate limit exceeded. Please try again in 900 seconds", 60],
  ["[status-code=404] Secret does not exist", undefined],
  [undefined, undefined],
])("%s → %s", (error, seconds) => {
  expect(rateLimitIn(error)).toBe(seconds);
});
