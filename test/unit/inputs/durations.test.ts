import { expect, it } from "vitest";
import { goDuration } from "../../../src/inputs/durations.ts";

// What `time.Duration.String` of Go 1.26 prints; ESO writes refreshInterval back like that.
it.each([
  ["60s", "1m0s"],
  ["5s", "5s"],
  ["90s", "1m30s"],
  ["15m", "15m0s"],
  ["1h", "1h0m0s"],
  ["24h", "24h0m0s"],
  ["0", "0s"],
  ["500ms", "500ms"],
])("%s is %s in Go", (text, go) => {
  expect(goDuration(text)).toBe(go);
});
