import type { Code } from "../codes.ts";
import { BootstrapError, type ErrorDetails } from "../errors.ts";
import { scrub } from "../secret.ts";
import { isAboutObject, type Status } from "./status.ts";

/** What was being done when the API server refused: goes into the message. */
export interface Deed {
  /** `get`, `list`, `apply`, `create` …: the verb of the message. */
  readonly verb: string;
  /** `Secret shop/db`, `secrets in namespace shop`. */
  readonly what: string;
  /** True for requests that send an object, where "not found" means that its surroundings are missing. */
  readonly write?: boolean;
}

/** An answer that is not a success, already read. */
export interface Refusal {
  readonly status: number;
  /** undefined: plain text, as `404 page not found` for a group that is not served. */
  readonly says: Status | undefined;
  readonly text?: string;
  /** What we know of our credential, as that it expired. */
  readonly hint?: string | undefined;
}

interface Rule {
  readonly code: Code;
  readonly when: (refusal: Refusal, deed: Deed) => boolean;
  readonly tell: (refusal: Refusal, deed: Deed) => ErrorDetails;
}

const HOOK =
  /failed calling webhook|admission webhook .* denied|webhook .* does not support dry run|validating ?admission ?policy/i;
const RBAC =
  /cannot (\w+) (?:resource|path) "([^"]+)"(?: in API group "([^"]*)")?(?:.* in the namespace "([^"]+)")?/;

/** From the most to the least telling; the first that fits is told. Codes: kube-apiserver's use of HTTP, API concepts page. */
const RULES: readonly Rule[] = [
  {
    code: "ESOB-K106",
    when: ({ says }) => says?.causes.some((cause) => cause.reason === "NamespaceTerminating") ?? false,
    tell: (refusal, { verb, what }) => ({
      message: `${what}: ${verb} was refused, because its namespace is being deleted.`,
      reason: wordsOf(refusal),
      fix: {
        summary: "Wait until the namespace is gone, then run it again.",
        command: "kubectl get namespaces",
      },
    }),
  },
  {
    code: "ESOB-K106",
    when: ({ status, says }, { write }) => write === true && status === 404 && says?.kind === "namespaces",
    tell: (refusal, { verb, what }) => ({
      message: `${what}: ${verb} was refused, because its namespace does not exist.`,
      reason: wordsOf(refusal),
      fix: {
        summary: "Create the namespace first.",
        command: `kubectl create namespace ${refusal.says?.name ?? "NAME"}`,
      },
    }),
  },
  {
    code: "ESOB-K106",
    when: (refusal) => HOOK.test(wordsOf(refusal)),
    tell: (refusal, { verb, what }) => ({
      message: `${what}: ${verb} was refused by admission control.`,
      reason: wordsOf(refusal),
      fix: {
        summary: "The webhook is named; see whether its Service answers, or what it demands.",
        command: "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
      },
    }),
  },
  {
    code: "ESOB-K102",
    when: ({ status }) => status === 401,
    tell: (refusal) => ({
      message: "The API server did not accept the credential of this kubeconfig.",
      reason: refusal.hint ?? wordsOf(refusal),
    }),
  },
  {
    // Quota, Pod Security and the like refuse with 403 too, but no right is missing then.
    code: "ESOB-K106",
    when: (refusal, { write }) => write === true && refusal.status === 403 && !RBAC.test(wordsOf(refusal)),
    tell: refused,
  },
  { code: "ESOB-K104", when: ({ status }) => status === 403, tell: forbidden },
  {
    code: "ESOB-K111",
    when: ({ status, says }, { write }) =>
      status === 404 && (write === true || says === undefined) && !says?.name,
    tell: (refusal, { what }) => ({
      message: `The cluster does not serve the kind of ${what}.`,
      reason: wordsOf(refusal),
    }),
  },
  {
    code: "ESOB-K107",
    when: ({ status }) => status === 409,
    tell: (refusal, { what }) => ({
      message: `${what} was changed by somebody else at the same moment.`,
      reason: wordsOf(refusal),
    }),
  },
  {
    code: "ESOB-K106",
    when: ({ status, says }) => [400, 404, 413, 415, 422].includes(status) || isAboutObject(says),
    tell: refused,
  },
  {
    code: "ESOB-K105",
    when: ({ status }) => status === 429,
    tell: (refusal) => ({
      message: "The API server is too busy to answer.",
      reason: wordsOf(refusal),
      fix: { summary: "Try again in a minute." },
    }),
  },
  {
    code: "ESOB-K105",
    when: () => true,
    tell: (refusal, { verb, what }) => ({
      message: `The API server failed with status ${refusal.status} (${verb} ${what}).`,
      reason: wordsOf(refusal),
    }),
  },
];

/** The error for an answer that the caller did not expect. Only the Status' own words are told, never headers or raw bodies. */
export function refusalError(refusal: Refusal, deed: Deed): BootstrapError {
  const rule = RULES.find((candidate) => candidate.when(refusal, deed));
  return new BootstrapError(rule?.code ?? "ESOB-K105", (rule?.tell ?? refused)(refusal, deed));
}

/** The kind is not served: its CRD is missing. */
export function unknownKind(apiVersion: string, kind: string): BootstrapError {
  return new BootstrapError("ESOB-K111", {
    message: `The cluster does not serve ${kind} in ${apiVersion}.`,
    reason: "its CustomResourceDefinition is not installed, or not in this version",
  });
}

function refused(refusal: Refusal, { verb, what }: Deed): ErrorDetails {
  return { message: `${what}: ${verb} was refused.`, reason: wordsOf(refusal) };
}

function forbidden(refusal: Refusal, { verb, what }: Deed): ErrorDetails {
  const words = wordsOf(refusal);
  const [, right, resource, group, namespace] = RBAC.exec(words) ?? [];
  const base = { message: `You may not ${verb} ${what}.`, reason: words };
  if (!right || !resource) return base;
  const full = group ? `${resource.split("/")[0]}.${group}` : resource.split("/")[0];
  const sub = resource.includes("/") ? ` --subresource=${resource.split("/")[1]}` : "";
  const command = `kubectl auth can-i ${right} ${full}${sub}${namespace ? ` -n ${namespace}` : ""}`;
  return {
    ...base,
    fix: { summary: "Ask for this right, or run with another context.", command },
    facts: {
      Right: `${right} ${resource}${group ? ` (${group})` : ""}${namespace ? ` in ${namespace}` : ""}`,
    },
  };
}

/** The server's words on one line, cut where a schema error goes on for pages. */
export function wordsOf(refusal: Refusal): string {
  const words = scrub(refusal.says?.message ?? refusal.text ?? "")
    .replace(/\s+/g, " ")
    .trim();
  if (words === "") return `status ${refusal.status}`;
  return words.length > 500 ? `${words.slice(0, 499)}…` : words;
}
