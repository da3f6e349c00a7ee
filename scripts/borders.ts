// The borders of the house (architecture.md, "Who may touch what") as data. `npx tsx scripts/borders.ts` writes them into
// .oxlintrc.json; test/house/borders.test.ts plants one wrong import per record and expects its message.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ADAPTERS = ["src/system", "src/kubernetes", "src/infisical", "src/helm", "src/sandbox"];

/**
 * `forbids`: packages or folders of src/; `message`: names the right door; `within` (default: all of src/) and `except`: files
 * or folders; `wrong`: an import that must be refused, and the file it is planted in.
 */
export interface Border {
  readonly id: string;
  readonly within?: readonly string[];
  readonly except?: readonly string[];
  readonly forbids: readonly string[];
  readonly message: string;
  readonly wrong: { readonly file: string; readonly from: string };
}

export const BORDERS: readonly Border[] = [
  {
    id: "children",
    forbids: ["execa", "node:child_process"],
    except: ["src/system/run.ts"],
    message: "Programs are run through the port Run; src/system/run.ts is its only door.",
    wrong: { file: "src/helm/planted.ts", from: "execa" },
  },
  {
    id: "prompts",
    forbids: ["inquirer", "@inquirer/*"],
    except: ["src/ui/prompt.ts"],
    message: "Questions are asked through the port Prompt; src/ui/prompt.ts is its only door.",
    wrong: { file: "src/wizard/planted.ts", from: "inquirer" },
  },
  {
    id: "kubernetes-client",
    forbids: ["@kubernetes/client-node"],
    except: ["src/kubernetes/client.ts"],
    message: "The cluster is reached through the port Cluster; src/kubernetes/client.ts is its only door.",
    wrong: { file: "src/steps/planted.ts", from: "@kubernetes/client-node" },
  },
  {
    id: "infisical-sdk",
    forbids: ["@infisical/sdk"],
    except: [],
    message: "The SDK hides status codes and retries (ADR 0003); speak through src/infisical/http.ts.",
    wrong: { file: "src/infisical/planted.ts", from: "@infisical/sdk" },
  },
  {
    id: "http",
    forbids: ["node:http", "node:https", "node:http2", "undici"],
    except: ["src/kubernetes", "src/infisical", "src/sandbox"],
    message: "HTTP is spoken only by the adapters: take the port Cluster or Infisical.",
    wrong: { file: "src/checks/planted.ts", from: "node:https" },
  },
  {
    id: "network",
    forbids: ["node:net", "node:tls", "node:dns", "node:dns/promises", "node:dgram"],
    except: ["src/system", "src/kubernetes", "src/infisical", "src/sandbox"],
    message: "The network is looked at through the port Net (src/system/net.ts).",
    wrong: { file: "src/steps/planted.ts", from: "node:tls" },
  },
  {
    id: "files",
    forbids: ["node:fs", "node:fs/promises"],
    except: [
      "src/system/files.ts",
      "src/templates.ts", // the package's own templates
      "src/kubernetes/kubeconfig.ts", // kubeconfigs have rules of their own
      "src/kubernetes/login.ts", // the pod's own token
      "src/sandbox",
    ],
    message:
      "The user's files are read and written through the port Files; src/system/files.ts is its only door.",
    wrong: { file: "src/commands/planted.ts", from: "node:fs" },
  },
  {
    id: "command-line",
    forbids: ["commander"],
    except: ["src/cli.ts", "src/command-tree.ts"],
    message: "Commands are records (src/commands.ts); only the tree knows commander.",
    wrong: { file: "src/commands/planted.ts", from: "commander" },
  },
  {
    id: "adapters",
    forbids: [
      "**/client.ts",
      "**/system/run.ts",
      "**/system/files.ts",
      "**/system/clock.ts",
      "**/system/net.ts",
      "**/ui/prompt.ts",
    ],
    except: ["src/deps.ts", ...ADAPTERS],
    message: "Nobody knows an adapter but src/deps.ts: take the port from Deps or from the step's context.",
    wrong: { file: "src/steps/planted.ts", from: "../helm/client.ts" },
  },
  {
    id: "sandbox",
    forbids: ["**/sandbox/**"],
    except: ["src/sandbox", "src/commands/demo.ts"],
    message: "The simulators are never imported by the rest but by demo (architecture.md).",
    wrong: { file: "src/commands/planted.ts", from: "../sandbox/infisical/index.ts" },
  },
  {
    id: "engine",
    within: ["src/engine"],
    forbids: [
      ...folders(
        "checks",
        "commands",
        "desired",
        "helm",
        "infisical",
        "inputs",
        "steps",
        "system",
        "ui",
        "wizard",
      ),
      "../kubernetes/*",
      "!../kubernetes/cluster.ts",
    ],
    message: "The engine knows nothing about ESO or Infisical: hand it in as a Step, a Check or an Event.",
    wrong: { file: "src/engine/planted.ts", from: "../steps/index.ts" },
  },
  {
    id: "pure",
    within: ["src/desired", "src/inputs"],
    forbids: folders("checks", "commands", "engine", "helm", "steps", "system", "ui", "wizard"),
    message: "desired/ and inputs/ are pure: they import types, tables and templates, and touch no system.",
    wrong: { file: "src/desired/planted.ts", from: "../system/addresses.ts" },
  },
  {
    id: "road",
    within: ["src/steps", "src/checks"],
    forbids: folders("commands", "ui", "wizard"),
    message: "Steps and checks print and ask nothing: they emit events and answer with data.",
    wrong: { file: "src/checks/planted.ts", from: "../ui/human.ts" },
  },
  {
    id: "reporters",
    within: ["src/ui"],
    forbids: folders("checks", "commands", "desired", "helm", "infisical", "kubernetes", "steps", "wizard"),
    message: "A reporter only hears events (src/engine/events.ts).",
    wrong: { file: "src/ui/planted.ts", from: "../steps/index.ts" },
  },
  {
    id: "outwards",
    within: ["src/kubernetes", "src/infisical", "src/helm", "src/system"],
    forbids: [
      ...folders("checks", "commands", "desired", "engine", "inputs", "steps", "ui", "wizard"),
      "!**/inputs/durations.ts", // pure: "30s" → seconds
    ],
    message: "Dependencies point inwards: an adapter implements its port and knows nobody above it.",
    wrong: { file: "src/infisical/planted.ts", from: "../desired/desired.ts" },
  },
];

function folders(...names: string[]): string[] {
  return names.map((name) => `**/${name}/**`);
}

const covers = (area: string, path: string) => area === "src" || path === area || path.startsWith(`${area}/`);

interface Pattern {
  readonly group: readonly string[];
  readonly message: string;
}

interface Override {
  readonly files: readonly string[];
  readonly rules: Record<string, unknown>;
}

/** oxlint takes a file's last matching override whole, so each area gets its complete list. From wide to narrow. */
export function borderOverrides(): Override[] {
  const named = BORDERS.flatMap(({ within = [], except = [] }) => [...within, ...except]);
  const areas = ["src", ...new Set(named)].toSorted((a, b) => a.length - b.length);
  return areas.map((area) => ({
    files: [area.endsWith(".ts") ? area : `${area}/**/*.ts`],
    rules: { "no-restricted-imports": ["error", { patterns: patternsOf(area) }] },
  }));
}

function patternsOf(area: string): Pattern[] {
  return BORDERS.filter(
    ({ within = ["src"], except = [] }) =>
      within.some((folder) => covers(folder, area)) && !except.some((folder) => covers(folder, area)),
  ).map(({ forbids, message }) => ({ group: forbids, message }));
}

/** One line per border, so that a diff shows which one changed; .oxfmtrc.json leaves the file alone. */
function print(config: object): string {
  const text = JSON.stringify(config, null, 2);
  return text.replaceAll(/\{\s+"group": \[[^\]]*\],\s+"message": ".*"\s+\}/g, (pattern) =>
    JSON.stringify(JSON.parse(pattern)),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = new URL("../.oxlintrc.json", import.meta.url);
  const config = JSON.parse(readFileSync(path, "utf8")) as { overrides: Override[] };
  const others = config.overrides.filter(({ rules }) => !("no-restricted-imports" in rules));
  writeFileSync(path, `${print({ ...config, overrides: [...borderOverrides(), ...others] })}\n`);
}
