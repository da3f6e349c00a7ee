import { expect, test } from "vitest";
import { callTimeoutOf } from "../../../src/system/call-timeout.ts";

const of = (text: string) => callTimeoutOf({ ESO_BOOTSTRAP_CALL_TIMEOUT: text });

test("the limit of one request is a duration of the environment", () => {
  expect(of("90s")).toBe(90_000);
  expect(of("1m30s")).toBe(90_000);
  expect(of("500ms")).toBe(500);
  expect(of("")).toBeUndefined();
  expect(callTimeoutOf({})).toBeUndefined();
});

test.each(["soon", "0", "0s", "-5s", "5"])("%j is refused as a wrong value", (text) => {
  expect(() => of(text)).toThrow(expect.objectContaining({ code: "ESOB-C104" }));
});
