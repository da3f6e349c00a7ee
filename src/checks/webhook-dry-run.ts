import type { Code } from "../codes.ts";
import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { CheckContext } from "./context.ts";
import { findControllers, usualNamespace } from "./eso-found.ts";

/** Never written: it only has the API server call whatever it calls for an ExternalSecret. */
function probe(namespace: string): KubeObject {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "eso-bootstrap-probe", namespace },
    spec: {
      secretStoreRef: { kind: "SecretStore", name: "eso-bootstrap-probe" },
      data: [{ secretKey: "probe", remoteRef: { key: "probe" } }],
    },
  };
}

/** The best proof of the webhook (eso.md 4.4): a server-side dry run. */
export function admissionCheck(): Check<CheckContext> {
  return {
    id: "eso-admission",
    code: "ESOB-H222",
    category: "eso",
    title: "the API server takes an ExternalSecret (dry run)",
    severity: "error",
    needs: ["eso-crd-there", "eso-crd-v1", "eso-crd-staying"],
    after: ["service", "cert-controller", "secret", "names", "expiry", "ca", "endpoints"].map(
      (id) => `eso-webhook-${id}`,
    ),
    run: tryDryRun,
  };
}

async function tryDryRun(context: CheckContext): Promise<Finding> {
  const { cluster } = context;
  const { controller } = await findControllers(context);
  const namespace = controller?.namespace ?? usualNamespace(context);
  const right = { group: "external-secrets.io", resource: "externalsecrets", namespace };
  const missing = await cluster.missingRights(["create", "patch"].map((verb) => ({ verb, ...right })));
  if (missing.length > 0)
    return {
      status: "skip",
      because: `a dry run needs the right to create and patch externalsecrets in ${namespace}; nothing would be written`,
    };
  try {
    await cluster.apply(probe(namespace), { dryRun: true, force: true });
    return { status: "pass", evidence: `in namespace ${namespace}` };
  } catch (error) {
    const words = isBootstrapError(error) ? (error.reason ?? error.message) : "";
    if (!isBootstrapError(error) || error.code !== "ESOB-K106") throw error;
    if (/failed calling webhook/.test(words)) throw told(words, namespace);
    // A webhook, a ValidatingAdmissionPolicy or a quota was asked, so it works; any other refusal says nothing.
    if (/denied( the)? request|exceeded quota/.test(words))
      return { status: "pass", evidence: `a policy answers: ${words}` };
    return { status: "skip", because: `the API server does not let it be tried: ${words}` };
  }
}

interface Row {
  readonly code: Code;
  readonly says: RegExp;
  readonly message: string;
  readonly fix: { readonly summary: string; readonly command: (namespace: string) => string };
}

const pods = (namespace: string) =>
  `kubectl get pods -n ${namespace} -l app.kubernetes.io/name=external-secrets-webhook`;
const restart = (namespace: string) =>
  `kubectl rollout restart deployment -n ${namespace} -l 'app.kubernetes.io/name in (external-secrets-cert-controller,external-secrets-webhook)'`;

/** What the API server says of a webhook that it cannot call (eso.md 5, rows 5 to 11); the first that fits. */
const ROWS: readonly Row[] = [
  {
    code: "ESOB-H236",
    says: /failed calling webhook "(?!validate\.\w+\.external-secrets\.io")/,
    message: "Another admission webhook does not answer, so ExternalSecrets cannot be changed.",
    fix: {
      summary: "It is named in the reason: repair or remove it.",
      command: () => "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    },
  },
  {
    code: "ESOB-H224",
    says: /x509: certificate is (not )?valid for/,
    message: "ESO's webhook shows a certificate for another name.",
    fix: {
      summary: "Have the certificate made again (on EKS Fargate: webhook.port 9443).",
      command: restart,
    },
  },
  {
    code: "ESOB-H223",
    says: /x509|tls:/,
    message: "The API server does not trust the certificate that ESO's webhook shows.",
    fix: { summary: "Restart the cert-controller and the webhook.", command: restart },
  },
  {
    code: "ESOB-H221",
    says: /no endpoints available|connection refused/,
    message: "No pod answers for ESO's webhook: changes of stores and ExternalSecrets are refused.",
    fix: { summary: "Look at its pods.", command: pods },
  },
  {
    code: "ESOB-H222",
    says: /./,
    message: "The API server cannot reach ESO's webhook: changes of stores and ExternalSecrets are refused.",
    fix: {
      summary:
        "Open port 10250 from the control plane to the nodes (firewall, NetworkPolicy, overlay network).",
      command: pods,
    },
  },
];

function told(words: string, namespace: string): BootstrapError {
  const row = ROWS.find(({ says }) => says.test(words)) ?? ROWS[ROWS.length - 1];
  if (!row) throw new Error("no row fits");
  return new BootstrapError(row.code, {
    message: row.message,
    reason: words,
    fix: { summary: row.fix.summary, command: row.fix.command(namespace) },
  });
}
