import type { Scope } from "./inputs/field.ts";
import { SHELLS, type Names } from "./completion/names.ts";
import type { Deps } from "./deps.ts";
import { OUTPUTS, type Invocation, type Output } from "./invocation.ts";
import type { Reporter } from "./ui/reporter.ts";

/** What a command's `run` gets: the ports and where to tell what happens. Returns the exit code. */
export type CommandDeps = Deps & {
  readonly reporter: Reporter;
  /** Runs another command line, whole: with a reporter of its own, to an exit code. */
  readonly runCli: (argv: readonly string[], deps: Deps) => Promise<number>;
};

export interface CommandModule {
  run(invocation: Invocation, deps: CommandDeps): Promise<number>;
}

/** Flags and description as commander takes them, and what its value names, for shell completion. */
export type OwnFlag = readonly [flags: string, description: string, names?: Names];

/** A word after the command. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly names?: Names;
}

/** One command of the tree. `settings`: the scopes of the fields table whose flags it takes. */
export interface CommandRecord {
  readonly name: string;
  readonly group: keyof typeof GROUPS;
  readonly summary: string;
  readonly args?: readonly Argument[];
  readonly flags?: readonly OwnFlag[];
  readonly settings?: readonly Scope[];
  /** Narrows them to sections of the file. */
  readonly sections?: readonly string[];
  /** It looks at no file and no cluster of ours: the flags that choose one are not offered. */
  readonly apart?: true;
  /** What its `-o` knows; default: `DEFAULT_OUTPUTS`. */
  readonly outputs?: readonly Output[];
  /** How it may end besides a bug; default: `DEFAULT_EXITS`. */
  readonly exits?: readonly number[];
  readonly examples: readonly [string, string, string];
  /** Commands below this one, as `reviewer rotate`. */
  readonly commands?: readonly CommandRecord[];
  load(): Promise<CommandModule>;
}

export const DEFAULT_OUTPUTS: readonly Output[] = ["human", "json"];

/** Of a command that changes something. */
export const DEFAULT_EXITS: readonly number[] = [0, 1, 2, 5, 124, 130];
/** Of one that contacts nothing. */
const OFFLINE_EXITS: readonly number[] = [0, 2];

export const GROUPS = {
  start: "Start:",
  parts: "One part of the road:",
  days: "The days after:",
  look: "Look and understand:",
} as const;

/** Flags that choose a file or a cluster. */
const CHOOSING: readonly string[] = ["--file", "--context", "--kubeconfig", "--namespace"];

/** False for a flag that a command takes, because every one does, and has no use for. */
export const isOffered = (flags: string, { apart }: CommandRecord): boolean =>
  !apart || !CHOOSING.some((name) => flags.split(/[ ,]+/).includes(name));

/** Flags of every command; `-o` knows what the command's record says, `--timeout` is 5 minutes by default. */
export const GLOBAL_FLAGS: readonly OwnFlag[] = [
  ["-f, --file <path>", "configuration file (default: eso-bootstrap.yaml)", "files"],
  ["--context <names>", "context of the kubeconfig; a comma list for several clusters", "contexts"],
  ["--kubeconfig <path>", "kubeconfig file", "files"],
  ["-n, --namespace <name>", "namespace of the store and its secrets", "namespaces"],
  ["-o, --output <format>", "how to tell it", OUTPUTS],
  ["--timeout <duration>", "how long one wait may take"],
  ["--no-color", "no colours (NO_COLOR works too)"],
  ["-q, --quiet", "errors and the result only"],
  ["-v, --verbose", "everything that was looked at"],
  ["--debug", "with stacks"],
];

const YES: OwnFlag = ["-y, --yes", "apply without asking"];
const DRY_RUN: OwnFlag = ["--dry-run", "stop after the plan"];
const ADOPT: OwnFlag = ["--adopt", "take over foreign objects that are in the way"];
const FORCE: OwnFlag = ["--force-conflicts", "take over fields that another manager owns"];
const RESTART: OwnFlag = ["--restart", "restart what uses a Secret that came or changed"];
const PART_FLAGS: readonly OwnFlag[] = [
  ["--plan <path>", "apply only if this plan file still holds", "files"],
  YES,
  RESTART,
  ADOPT,
  FORCE,
];
const ALL: readonly Scope[] = ["run", "store", "secret"];

/** Every command, its flags and examples; the body is loaded when the command runs. */
export const COMMANDS: readonly CommandRecord[] = [
  {
    name: "init",
    group: "start",
    summary: "ask what is missing, show the plan, apply it, prove it",
    flags: [YES, DRY_RUN, RESTART, ADOPT, FORCE],
    settings: ALL,
    examples: [
      "eso-bootstrap init",
      "eso-bootstrap init -f eso-bootstrap.yaml --yes",
      "eso-bootstrap init --project shop --environment prod --path /shop -n shop --keys DB_HOST,DB_PASSWORD",
    ],
    load: () => import("./commands/init.ts"),
  },
  {
    name: "plan",
    group: "start",
    summary: "show what apply would do; changes nothing (exit 6: there are changes)",
    flags: [
      ["--output-file <path>", "write the plan as JSON, for apply --plan", "files"],
      ADOPT,
      FORCE,
      RESTART,
    ],
    settings: ALL,
    exits: [0, 1, 2, 5, 6, 124, 130],
    examples: [
      "eso-bootstrap plan",
      "eso-bootstrap plan -o json",
      "eso-bootstrap plan --output-file plan.json",
    ],
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "apply",
    group: "start",
    summary: "apply eso-bootstrap.yaml without questions",
    flags: PART_FLAGS,
    settings: ALL,
    examples: [
      "eso-bootstrap apply --yes",
      "eso-bootstrap apply --plan plan.json --yes",
      "eso-bootstrap apply -f eso-bootstrap.yaml --yes -o json",
    ],
    load: () => import("./commands/apply.ts"),
  },
  {
    name: "install",
    group: "parts",
    summary: "ESO by Helm, and nothing else",
    flags: PART_FLAGS,
    settings: ["run"],
    sections: ["eso"],
    examples: [
      "eso-bootstrap install",
      "eso-bootstrap install --chart-version 2.9.0 --yes",
      "eso-bootstrap install --chart ./external-secrets-2.9.0.tgz --yes",
    ],
    load: () => import("./commands/apply.ts"),
  },
  {
    name: "reviewer",
    group: "parts",
    summary: "the token reviewer: ServiceAccount, binding, token",
    flags: PART_FLAGS,
    settings: ["run"],
    sections: ["eso", "reviewer"],
    examples: [
      "eso-bootstrap reviewer",
      "eso-bootstrap reviewer --cluster-role tokenreview-only --yes",
      "eso-bootstrap reviewer --token-lifetime 720h --yes",
    ],
    load: () => import("./commands/apply.ts"),
    commands: [
      {
        name: "rotate",
        group: "parts",
        summary: "a new reviewer token, tested, sent, proved; the old one gone and proved dead",
        flags: [
          YES,
          DRY_RUN,
          ["--if-older-than <duration>", "do nothing while the token is younger, as 30d"],
          ["--visible-only", "go on where not every identity can be listed"],
          ["--adopt", "send the new token to identities of others that hold the old one, too"],
        ],
        settings: ["run"],
        sections: ["eso", "reviewer"],
        examples: [
          "eso-bootstrap reviewer rotate",
          "eso-bootstrap reviewer rotate --if-older-than 30d --yes",
          "eso-bootstrap reviewer rotate --token-lifetime 720h --yes -o json",
        ],
        load: () => import("./commands/reviewer-rotate.ts"),
      },
      {
        name: "show",
        group: "parts",
        summary: "the reviewer's tokens: age, expiry, who uses them; never a token",
        flags: [["--metrics", "as Prometheus text, for a textfile collector"]],
        settings: ["run"],
        sections: ["eso", "reviewer"],
        examples: [
          "eso-bootstrap reviewer show",
          "eso-bootstrap reviewer show -o json",
          "eso-bootstrap reviewer show --metrics > /var/lib/node-exporter/reviewer.prom",
        ],
        load: () => import("./commands/reviewer-show.ts"),
      },
      {
        name: "register",
        group: "parts",
        summary: "a machine identity with which the rotation CronJob logs in, without a credential",
        flags: [YES, DRY_RUN, ADOPT],
        settings: ["run"],
        sections: ["eso", "reviewer"],
        examples: [
          "eso-bootstrap reviewer register",
          "eso-bootstrap reviewer register -f eso-bootstrap.yaml --yes",
          "eso-bootstrap reviewer register --yes -o json",
        ],
        load: () => import("./commands/reviewer-register.ts"),
      },
    ],
  },
  {
    name: "identity",
    group: "parts",
    summary: "machine identity, role and Kubernetes Auth at Infisical",
    flags: PART_FLAGS,
    settings: ["run", "store"],
    examples: [
      "eso-bootstrap identity",
      "eso-bootstrap identity --project shop --environment prod --path /shop -n shop --yes",
      "eso-bootstrap identity -f eso-bootstrap.yaml --yes -o json",
    ],
    load: () => import("./commands/apply.ts"),
  },
  {
    name: "store",
    group: "parts",
    summary: "SecretStore or ClusterSecretStore and its identity Secret",
    flags: PART_FLAGS,
    settings: ["run", "store"],
    examples: [
      "eso-bootstrap store",
      "eso-bootstrap store --store-kind ClusterSecretStore --allowed-namespaces shop,cart --yes",
      "eso-bootstrap store -f eso-bootstrap.yaml --yes",
    ],
    load: () => import("./commands/apply.ts"),
  },
  {
    name: "add-secret",
    group: "days",
    summary: "one more key in a Secret: value, line in the file, synced and proved",
    args: [
      {
        name: "[key...]",
        description: "names in Infisical, or /path/NAME; without one it asks",
        names: "keys",
      },
    ],
    flags: [
      ["--to <name>", "the ExternalSecret, as shop-db or shop/shop-db", "secrets"],
      ["--as <key>", "what the key is called in the Secret"],
      ["--value-stdin", "create it in Infisical, with the value on stdin; what is there is not changed"],
      YES,
      DRY_RUN,
      RESTART,
    ],
    examples: [
      "eso-bootstrap add-secret",
      "eso-bootstrap add-secret SMTP_PASSWORD --to shop-db --restart",
      'printf %s "$KEY" | eso-bootstrap add-secret API_KEY --to shop-db --value-stdin --yes',
    ],
    load: () => import("./commands/add-secret.ts"),
  },
  {
    name: "sync",
    group: "days",
    summary: "have ESO sync now, and wait until it is newer",
    args: [
      { name: "[name...]", description: "ExternalSecrets, as shop-db or shop/shop-db", names: "synced" },
    ],
    flags: [
      ["-A, --all-namespaces", "everything in the cluster that reads from Infisical"],
      ["--restart", "restart what uses a Secret and was not started with what it holds"],
    ],
    examples: [
      "eso-bootstrap sync",
      "eso-bootstrap sync shop-db -n shop --restart",
      "eso-bootstrap sync -A --timeout 10m -o json",
    ],
    load: () => import("./commands/sync.ts"),
  },
  {
    name: "doctor",
    group: "look",
    summary: "what is wrong, why, and the command that mends it; for people and CI",
    args: [
      {
        name: "[name...]",
        description: "stores or ExternalSecrets, as shop-db or shop/shop-db",
        names: "judged",
      },
    ],
    flags: [
      ["-A, --all-namespaces", "everything in the cluster that uses Infisical"],
      ["--only <what>", "categories or codes, comma separated", "checks"],
      ["--skip <what>", "categories or codes to leave out", "checks"],
      [
        "--wait [duration]",
        "look again until it is healthy, or waiting is no use (default 5m; exit 124 after it)",
      ],
      ["--fresh", "a sync from before this command does not count; implies --wait"],
      ["--fix", "restore what was found and is ours, after showing the plan; needs the file"],
      YES,
      ["--no-secrets", "do not read target Secrets; says what could not be judged"],
      ["--trust-host <url>", "ESO's token may be sent there, to try its login"],
      ["--fail-on <severity>", "error (default) or warning (exit 4)", ["error", "warning"]],
    ],
    settings: ["run"],
    // What it looks at is in the file; only how to reach it may differ from place to place.
    sections: [
      "cluster",
      "infisical.host",
      "infisical.hostFromCluster",
      "infisical.caFile",
      "infisical.organization",
      "infisical.project",
    ],
    outputs: OUTPUTS,
    exits: [0, 1, 2, 3, 4, 5, 124, 130],
    examples: [
      "eso-bootstrap doctor",
      "eso-bootstrap doctor --wait --fresh -o github",
      "eso-bootstrap doctor shop-db -n shop",
    ],
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "uninstall",
    group: "start",
    summary: "take away what is ours, in safe order, after showing the plan",
    flags: [
      ["-A, --all-namespaces", "everything that carries our mark, whether the file describes it or not"],
      ["--keep-secrets", "target Secrets stay as they are (the default)"],
      ["--delete-secrets", "target Secrets go with their ExternalSecrets"],
      ["--infisical", "also the machine identities and their roles"],
      ["--eso", "also ESO, where we installed it and nobody else uses it"],
      ["--crds", "with --eso: also ESO's CRDs, where nothing is deleted with them"],
      ["--clear-finalizers", "where no ESO runs: clear the finalizers of ExternalSecrets by hand"],
      YES,
      DRY_RUN,
    ],
    settings: ["run"],
    examples: [
      "eso-bootstrap uninstall",
      "eso-bootstrap uninstall --infisical --eso --crds --yes",
      "eso-bootstrap uninstall -n shop --delete-secrets --dry-run",
    ],
    load: () => import("./commands/uninstall.ts"),
  },
  {
    name: "status",
    group: "look",
    summary: "stores, secrets, identities and reviewer at a glance",
    flags: [
      ["-A, --all-namespaces", "everything in the cluster that uses Infisical"],
      ["-w, --watch", "show it again whenever it changes"],
    ],
    settings: ["run"],
    exits: [0, 2, 5, 124, 130],
    examples: [
      "eso-bootstrap status",
      "eso-bootstrap status -A --watch",
      "eso-bootstrap status -n shop -o json",
    ],
    load: () => import("./commands/status.ts"),
  },
  {
    name: "render",
    group: "look",
    summary: "print the YAML that apply would send; contacts nothing",
    flags: [
      ["--out <dir>", "write one file per object instead", "folders"],
      ["--doctor-rbac [login]", "what doctor needs in a CI job; login: it may also log in as ESO", ["login"]],
      ["--no-secrets", "with --doctor-rbac: without the right to read Secrets"],
      ["--alerts", "instead: a PrometheusRule"],
      ["--dashboard", "instead: a Grafana dashboard (JSON)"],
      ["--rotation-workflow", "instead: a GitHub Actions workflow that rotates the reviewer token"],
      ["--rotation-cronjob", "instead: a CronJob that does, with its rights; see reviewer register"],
      ["--image <image>", "image of this tool, for the CronJob"],
      ["--schedule <cron>", 'for CronJob and workflow (default: "17 3 * * *")'],
    ],
    settings: ALL,
    exits: OFFLINE_EXITS,
    examples: [
      "eso-bootstrap render > eso.yaml",
      "eso-bootstrap render --doctor-rbac -n ci | kubectl apply -f -",
      "eso-bootstrap render --rotation-cronjob --image registry.example/eso-bootstrap:1 | kubectl apply -f -",
    ],
    load: () => import("./commands/render.ts"),
  },
  {
    name: "explain",
    group: "look",
    apart: true,
    summary: "what a code means, how to see it, how to mend it; offline",
    args: [{ name: "<code>", description: "as ESOB-R103", names: "codes" }],
    exits: OFFLINE_EXITS,
    examples: [
      "eso-bootstrap explain ESOB-R103",
      "eso-bootstrap explain r103",
      "eso-bootstrap explain ESOB-R103 -o json",
    ],
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "demo",
    group: "start",
    apart: true,
    summary: "the whole road against a simulated cluster and Infisical, on this machine",
    flags: [
      ["--interactive", "you answer the questions of init"],
      ["--keep", "it stays up until Ctrl-C, and says how to reach it"],
      [
        "--break <name>",
        "break something; doctor names it, and its fix mends it (list: what there is)",
        "breakages",
      ],
      ["-y, --yes", "with --break: run the fix without asking"],
      ["--seed <number>", "the same ids and values each time; ports, folder and times still vary"],
    ],
    exits: [0, 1, 2, 3, 124, 130],
    examples: [
      "eso-bootstrap demo",
      "eso-bootstrap demo --keep",
      "eso-bootstrap demo --break reviewer-binding --yes",
    ],
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "completion",
    group: "look",
    apart: true,
    summary: "a script with which the shell completes commands, flags and live names",
    args: [{ name: "<shell>", description: "bash, zsh or fish", names: SHELLS }],
    exits: OFFLINE_EXITS,
    examples: [
      "source <(eso-bootstrap completion bash)",
      "eso-bootstrap completion zsh > ~/.zfunc/_eso-bootstrap",
      "eso-bootstrap completion fish > ~/.config/fish/completions/eso-bootstrap.fish",
    ],
    load: () => import("./commands/completion.ts"),
  },
];
