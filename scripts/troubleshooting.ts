import { CODES, type CodeRecord } from "../src/codes.ts";

/** The areas in the order of the page (product.md section 6). */
const AREAS: readonly (readonly [letter: string, title: string, about: string])[] = [
  ["C", "Configuration", "What was asked for, and by which file, flags and variables."],
  ["L", "This machine", "Files and the kubeconfig."],
  ["K", "Kubernetes", "Reaching the cluster, and what it allows."],
  ["H", "Helm and ESO", "Installing the External Secrets Operator."],
  ["I", "Infisical", "Reaching Infisical, and what is there."],
  ["R", "Reviewer, TokenReview and login", "How ESO proves to Infisical who it is."],
  ["S", "Stores", "SecretStore and ClusterSecretStore."],
  ["E", "ExternalSecrets", "The way of each secret into the cluster."],
];

const EXITS: Readonly<Record<CodeRecord["exit"], string>> = {
  1: "a known cause",
  2: "wrong usage or configuration; nothing was changed",
  5: "not authenticated, not allowed or not reachable",
  124: "timed out",
  130: "interrupted or declined",
};

const INTRO = `# Troubleshooting

Every expected failure of \`eso-bootstrap\` has a stable code, \`ESOB-<area><number>\`. The code ends the first line of an
error; \`eso-bootstrap explain CODE\` shows the same text offline.

Generated from \`src/codes.ts\` by \`npm run generate\`.
`;

/** `docs/troubleshooting.md`: one heading per code, by area. */
export function troubleshooting(): string {
  const codes: (readonly [string, CodeRecord])[] = Object.entries(CODES);
  const sections = AREAS.flatMap(([letter, title, about]) => {
    const own = codes.filter(([code]) => code.startsWith(`ESOB-${letter}`));
    const sorted = own.toSorted(([left], [right]) => left.localeCompare(right));
    return [`# ${title}\n\n${about}\n`, ...sorted.map(([code, record]) => section(code, record))];
  });
  const index = AREAS.map(([letter, title]) => `- \`ESOB-${letter}…\` ${title}`).join("\n");
  return [INTRO, `${index}\n`, ...sections].join("\n");
}

const COMMAND = /^(curl|env|eso-bootstrap|grep|head|helm|kubectl|ls|nc|nslookup|openssl) /;

function section(code: string, { title, see, mend, exit }: CodeRecord): string {
  return `## ${code}

- **What it means:** ${sentence(title)} Exit code ${exit}: ${EXITS[exit]}.
- **See it:** ${COMMAND.test(see) ? `\`${see}\`` : see}
- **Mend it:** ${mend}
`;
}

function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
