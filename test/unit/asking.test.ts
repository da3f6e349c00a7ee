import { expect, test } from "vitest";
import { announced } from "../../src/asking.ts";
import { asTyped } from "../../src/command-line.ts";
import { createFakePrompt } from "../fakes/prompt.ts";

test("each question is announced before it is asked", async () => {
  const heard: string[] = [];
  const prompt = announced(createFakePrompt({ Name: "shop", Sure: true }), () => heard.push("asked"));
  await prompt.text({ message: "Name" });
  await prompt.confirm({ message: "Sure" });
  expect(heard).toHaveLength(2);
});

test("a command line is repeated as it was typed, and a shell takes it", () => {
  const typed = ["uninstall", "-f", "my file.yaml", "--yes"];
  expect(asTyped({ typed }, "--yes", "--eso")).toBe("eso-bootstrap uninstall -f 'my file.yaml' --yes --eso");
});
