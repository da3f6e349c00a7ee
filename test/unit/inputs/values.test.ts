import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../../src/inputs/durations.ts";
import { normaliseHost, readHost } from "../../../src/inputs/host.ts";
import { editDistance, nearest } from "../../../src/inputs/nearest.ts";
import { shown } from "../../../src/inputs/value.ts";
import { keys, namespaces, restart } from "../../../src/inputs/value-lists.ts";
import { failureOf } from "./mistakes.ts";

describe("durations", () => {
  it.each([
    ["60s", 60],
    ["5m", 300],
    ["720h", 2_592_000],
    ["1h30m", 5400],
    ["1.5h", 5400],
    ["500ms", 0.5],
    ["0", 0],
    ["0s", 0],
  ])("%s is %d seconds", (text, seconds) => {
    expect(parseDuration(text)).toBeCloseTo(seconds);
  });

  it.each(["", "60", "5 m", "-5m", "m", "1h30", "1y", "1h 30m", "s1", "1h".repeat(50)])(
    "%j is none",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it("have days only where Go does not parse them", () => {
    expect(parseDuration("30d", { days: true })).toBe(2_592_000);
    expect(parseDuration("30d")).toBeUndefined();
  });

  it.each([
    [0, "0s"],
    [59, "59s"],
    [90, "1m30s"],
    [7200, "2h"],
    [2_592_000, "720h"],
  ])("%d seconds are written %s, and read back", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
    expect(parseDuration(text)).toBe(seconds);
  });
});

describe("Infisical's address", () => {
  it.each([
    ["us", "https://app.infisical.com"],
    ["EU", "https://eu.infisical.com"],
    ["https://app.infisical.com", "https://app.infisical.com"],
    ["https://app.infisical.com/", "https://app.infisical.com"],
    ["https://app.infisical.com/api", "https://app.infisical.com"],
    ["https://eu.infisical.com/organization/projects/1", "https://eu.infisical.com"],
    ["https://Infisical.Example.com:8443/api/", "https://infisical.example.com:8443"],
    ["https://infisical.example.com/api/v1", "https://infisical.example.com"],
    ["https://example.com/infisical/api", "https://example.com/infisical"],
    ["http://localhost:8080", "http://localhost:8080"],
    [" https://infisical.example.com\n", "https://infisical.example.com"],
  ])("%j is %s", (text, host) => {
    expect(normaliseHost(text)).toBe(host);
  });

  it.each([
    ["infisical.example.com", "starts with https://"],
    ["localhost:8080", "starts with https://"],
    ["asia", "expected us, eu or a URL"],
    ["", "expected us, eu or a URL"],
    ["ftp://infisical.example.com", "expected us, eu or a URL"],
    ["https://", "expected us, eu or a URL"],
    ["https://me:hunter2@infisical.example.com", "user name or password"],
    ["https://infisical.example.com/?token=hunter2", "without ? and #"],
  ])("%j is none, and is not repeated", (text, reason) => {
    const error = failureOf(() => normaliseHost(text, "INFISICAL_DOMAIN"));
    expect(error).toMatchObject({ code: "ESOB-C104", exitCode: 2 });
    expect(error.message).toContain("INFISICAL_DOMAIN");
    expect(error.reason).toContain(reason);
    expect(`${error.message} ${error.reason} ${error.fix.summary}`).not.toContain("hunter2");
    expect(readHost(text)).toHaveProperty("problem");
  });
});

describe("the nearest word", () => {
  it.each([
    ["projct", ["path", "project"], "project"],
    ["enviroment", ["environment"], "environment"],
    ["KIND", ["kind", "name"], "kind"],
    ["naem", ["name", "path"], "name"],
    ["colour", ["name", "path"], undefined],
    ["b", ["a"], undefined],
    ["x".repeat(100), ["x".repeat(99)], undefined],
  ])("of %s among %j is %s", (word, known, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });

  it("counts letters that are swapped, missing, added or changed", () => {
    expect(editDistance("abcd", "abdc")).toBe(1);
    expect(editDistance("abc", "abcd")).toBe(1);
    expect(editDistance("abcd", "axc")).toBe(2);
    expect(editDistance("", "abc")).toBe(3);
  });
});

describe("a value that is shown", () => {
  it.each([
    ["shop", '"shop"'],
    [`ey${"J".repeat(30)}.x.y`, "a text that looks like a credential"],
    ["st.3f61.abc", "a text that looks like a credential"],
    ["f".repeat(64), "a text that looks like a credential"],
    ["https://me:hunter2@host", "a text that looks like a credential"],
    ["a b ".repeat(30), "a text of 120 characters"],
    [12, "the number 12"],
    [false, "false"],
    [null, "nothing"],
    [["a"], "a list"],
    [{ a: 1 }, "a mapping"],
  ])("%j is %s", (value, text) => {
    expect(shown(value)).toBe(text);
  });
});

describe("keys", () => {
  const key = (as: string, name: string, more = {}) => ({
    as,
    key: name,
    property: undefined,
    allowEmpty: false,
    ...more,
  });

  it("are all, names, renamed ones, or everything at once", () => {
    const written = [
      "DB_HOST",
      "/shared/SMTP",
      { DB_PASSWORD: "PASSWORD" },
      { as: "PORT", key: "DB", property: "port", allowEmpty: true },
      { key: "/shared/TLS" },
    ];
    expect(keys.read("all")).toEqual({ value: "all" });
    expect(keys.read(written)).toEqual({
      value: [
        key("DB_HOST", "DB_HOST"),
        key("SMTP", "/shared/SMTP"),
        key("DB_PASSWORD", "PASSWORD"),
        key("PORT", "DB", { property: "port", allowEmpty: true }),
        key("TLS", "/shared/TLS"),
      ],
    });
  });

  it("come from the text of a flag", () => {
    expect(keys.read(keys.fromText("A, B=/x/C"))).toEqual({ value: [key("A", "A"), key("B", "/x/C")] });
    expect(keys.fromText("all")).toBe("all");
  });

  it("are written so that they read the same", () => {
    const value = [
      key("A", "A"),
      key("B", "/x/B"),
      key("C", "D"),
      key("key", "E"),
      key("F", "F", { property: "p", allowEmpty: true }),
    ];
    const written = keys.write(value);
    expect(written).toEqual([
      "A",
      "/x/B",
      { C: "D" },
      { as: "key", key: "E" },
      { as: "F", key: "F", property: "p", allowEmpty: true },
    ]);
    expect(keys.read(written)).toEqual({ value });
  });

  it.each([[{ as: "A" }], [{ key: "" }], [{ key: "a b" }], [{ key: "A", property: "" }], [{ A: "" }], [{}]])(
    "refuse %j",
    (entry) => {
      expect(keys.read([entry])).toHaveProperty("flaws");
    },
  );
});

describe("namespaces", () => {
  it.each([
    ["shop", { names: ["shop"] }],
    ["shop, cart,shop", { names: ["shop", "cart"] }],
    ["team=shop,tier=web", { selector: { team: "shop", tier: "web" } }],
  ])("%j as a flag", (text, value) => {
    const read = namespaces.read(namespaces.fromText(text));
    expect(read).toEqual({ value });
    expect("value" in read && namespaces.read(namespaces.write(read.value))).toEqual({ value });
  });
});

describe("what is restarted", () => {
  it("may be named as kubectl abbreviates it", () => {
    expect(restart.read(restart.fromText("deploy/shop,sts/db"))).toEqual({
      value: ["deployment/shop", "statefulset/db"],
    });
    expect(restart.read("none")).toEqual({ value: "none" });
  });
});
