import { runCli } from "../src/cli.ts";
import { COMMANDS, GROUPS, type CommandRecord } from "../src/commands.ts";
import { createDeps } from "../src/deps.ts";

/** `docs/cli.md`: what `--help` says, of every command, as on a terminal of 100 columns. */
export async function cliPage(): Promise<string> {
  const sections: string[] = [];
  for (const [group, title] of Object.entries(GROUPS)) {
    sections.push(`## ${title.replace(":", "")}`);
    for (const record of COMMANDS.filter((one) => one.group === group))
      sections.push(...(await of(record, [])));
  }
  return `# Commands

What \`--help\` says. Settings that a command shares with \`eso-bootstrap.yaml\` are told more about in
[configuration.md](configuration.md).

Generated from \`src/commands.ts\` by \`npm run generate\`.

${fenced(await help([]))}

${sections.join("\n\n")}
`;
}

async function of(record: CommandRecord, above: readonly string[]): Promise<string[]> {
  const words = [...above, record.name];
  const below: string[] = [];
  for (const one of record.commands ?? []) below.push(...(await of(one, words)));
  return [`### ${words.join(" ")}\n\n${fenced(await help(words))}`, ...below];
}

const fenced = (text: string) => `\`\`\`text\n${text}\n\`\`\``;

async function help(words: readonly string[]): Promise<string> {
  let said = "";
  const stdout = { write: (text: string) => (said += text) };
  const deps = createDeps({ process, signal: new AbortController().signal });
  await runCli([...words, "--help"], {
    ...deps,
    terminal: (wish) => ({ ...deps.terminal(wish), columns: 100, stdout }),
  });
  return said.trimEnd();
}
