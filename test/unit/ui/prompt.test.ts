import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { createPrompt } from "../../../src/ui/prompt.ts";

/** A terminal made of two streams: what is typed, and everything that was ever on the screen. */
function createTerminal() {
  const stdin = new PassThrough();
  // As process.stderr says of itself, so that the end of a question does not end it.
  const stderr = Object.assign(new PassThrough(), { _isStdio: true });
  let screen = "";
  stderr.on("data", (chunk: Buffer) => (screen += chunk.toString()));
  const seen = () => stripVTControlCharacters(screen);
  return {
    streams: { stdin, stderr, isTTY: true },
    seen,
    raw: () => screen,
    type: (keys: string) => stdin.write(keys),
    /** Types only when the question is there: keys that come earlier are not part of the answer. */
    typeAt: async (question: string, keys: string) => {
      await vi.waitFor(() => expect(seen()).toContain(question), { timeout: 10_000, interval: 5 });
      stdin.write(keys);
    },
    close: () => stdin.end(),
  };
}

describe("the prompt in a terminal", () => {
  it("asks for a text and asks again with the reason when it is refused", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).text({
      message: "Namespace",
      validate: (text) => (text === "shop" ? true : "there is no such namespace"),
    });
    await terminal.typeAt("Namespace", "shp\r");
    await terminal.typeAt("there is no such namespace", "\u0015shop\r");
    expect(await answer).toBe("shop");
  });

  it("takes the default when Enter is pressed", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).text({ message: "Name", default: "shop-db" });
    await terminal.typeAt("(shop-db)", "\r");
    expect(await answer).toBe("shop-db");
  });

  it("never shows a hidden answer, nor its length, not even with Ctrl-T", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).hidden({ message: "Client secret" });
    await terminal.typeAt("Client secret", "hunter2");
    terminal.type("\u0014");
    terminal.type("\r");
    expect((await answer).reveal()).toBe("hunter2");
    expect(terminal.seen()).not.toContain("hunter2");
    expect(terminal.seen()).toContain("Client secret ********");
  });

  it("keeps the spaces of a secret value, and trims other texts before they are checked", async () => {
    const terminal = createTerminal();
    const prompt = createPrompt(terminal.streams);
    const value = prompt.hidden({ message: "Value" });
    await terminal.typeAt("Value", " hunter2 \r");
    expect((await value).reveal()).toBe(" hunter2 ");
    const name = prompt.text({ message: "Name", validate: (text) => text === "shop" || "no" });
    await terminal.typeAt("Name", " shop \r");
    expect(await name).toBe("shop");
  });

  it("lets no foreign text steer the terminal, and has ASCII twins", async () => {
    const terminal = createTerminal();
    const answer = createPrompt({ ...terminal.streams, unicode: false }).choose({
      message: "Project · 2",
      choices: [{ value: "evil", name: "evil \u001b]0;title\u0007→ name", description: "a\u001b[2Jb" }],
    });
    await terminal.typeAt("Project - 2", "\r");
    expect(await answer).toBe("evil");
    expect(terminal.seen()).toContain("evil -> name");
    expect(terminal.raw()).not.toContain("title");
    expect(terminal.raw()).not.toContain("\u001b[2J");
  });

  it("shows the reason for a refused hidden answer without repeating it", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).hidden({
      message: "Value",
      validate: (value) => (value === "hunter22" ? true : "too short"),
    });
    await terminal.typeAt("Value", "hunter2\r");
    await terminal.typeAt("too short", "2\r");
    expect((await answer).reveal()).toBe("hunter22");
    expect(terminal.seen()).not.toContain("hunter2");
  });

  it("chooses with the arrows and explains the choice that is pointed at", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).choose({
      message: "Reviewer",
      choices: [
        { value: { mode: "token" }, name: "a token of its own", description: "Infisical keeps a token." },
        { value: { mode: "self" }, name: "ESO reviews itself", description: "No token is kept." },
      ],
    });
    await terminal.typeAt("Infisical keeps a token.", "\u001b[B");
    await terminal.typeAt("No token is kept.", "\r");
    expect(await answer).toEqual({ mode: "self" });
  });

  it("searches long lists", async () => {
    const terminal = createTerminal();
    const names = Array.from({ length: 40 }, (_, index) => `project-${index}`);
    const answer = createPrompt(terminal.streams).choose({
      message: "Project",
      choices: names.map((name) => ({ value: name, name })),
    });
    await terminal.typeAt("project-3", "t-37");
    await terminal.typeAt("project-37", "\r");
    expect(await answer).toBe("project-37");
  });

  it("checks several", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).chooseMany({
      message: "Keys",
      choices: ["DB_HOST", "DB_USER", "SMTP"].map((name) => ({ value: name, name })),
      checked: ["DB_HOST"],
      required: true,
    });
    await terminal.typeAt("SMTP", "\u001b[B \r");
    expect(await answer).toEqual(["DB_HOST", "DB_USER"]);
  });

  it("takes no for an answer by default", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).confirm({ message: "Apply these 11 changes?" });
    await terminal.typeAt("(y/N)", "\r");
    expect(await answer).toBe(false);
  });

  it.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("is interrupted by %s with ESOB-C205, exit 130", async (_, keys) => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).text({ message: "Project" });
    const refused = answer.catch((error: unknown) => error);
    await terminal.typeAt("Project", keys);
    expect(await refused).toMatchObject({ code: "ESOB-C205", exitCode: 130 });
  });

  it("is interrupted when the terminal goes away", async () => {
    const terminal = createTerminal();
    const answer = createPrompt(terminal.streams).hidden({ message: "Client secret" });
    const refused = answer.catch((error: unknown) => error);
    await terminal.typeAt("Client secret", "hun");
    terminal.close();
    expect(await refused).toMatchObject({ code: "ESOB-C205" });
  });

  it("asks one question after the other on the same streams", async () => {
    const terminal = createTerminal();
    const prompt = createPrompt(terminal.streams);
    const first = prompt.text({ message: "Client id" });
    await terminal.typeAt("Client id", "abc\r");
    expect(await first).toBe("abc");
    const second = prompt.hidden({ message: "Client secret" });
    await terminal.typeAt("Client secret", "def\r");
    expect((await second).reveal()).toBe("def");
  });
});

describe("the prompt without a terminal", () => {
  it("refuses every question with ESOB-C107 and names it", async () => {
    const { streams } = createTerminal();
    const prompt = createPrompt({ ...streams, isTTY: false });
    expect(prompt.interactive).toBe(false);
    const refusals = [
      prompt.text({ message: "Project" }),
      prompt.hidden({ message: "Project" }),
      prompt.confirm({ message: "Project" }),
      prompt.choose({ message: "Project", choices: [] }),
      prompt.chooseMany({ message: "Project", choices: [] }),
    ];
    for (const refusal of refusals) {
      await expect(refusal).rejects.toMatchObject({ code: "ESOB-C107", exitCode: 2 });
      await expect(refusal).rejects.toThrow('"Project"');
    }
  });
});
