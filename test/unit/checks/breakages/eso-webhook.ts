import { BootstrapError } from "../../../../src/errors.ts";
import { makeWebhook, WEBHOOK } from "../../../helpers/doctor-webhook.ts";
import type { DoctorWorld } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

/** ESO's webhook, each part of it broken after it was whole. */
export const WEBHOOKS: readonly Breakage[] = [
  broken("ESOB-H219", "a webhook that was left behind", ({ cluster }) => cluster.remove(WEBHOOK.service)),
  broken("ESOB-H226", "a cert-controller that is down", ({ cluster }) =>
    cluster.setStatus(WEBHOOK.certController, { observedGeneration: 99, replicas: 1 }),
  ),
  broken("ESOB-H225", "a webhook without certificate", (world) =>
    world.edit(WEBHOOK.secret, (object) => delete object["data"]),
  ),
  broken("ESOB-H221", "a webhook without endpoint", ({ cluster }) => cluster.remove(WEBHOOK.endpoints)),
  {
    code: "ESOB-H224",
    what: "a webhook with the certificate of another namespace",
    break: (world) => makeWebhook(world, { hosts: ["external-secrets-webhook.other.svc"] }),
  },
  {
    code: "ESOB-H235",
    what: "a webhook with an expired certificate",
    break: (world) => makeWebhook(world, { expired: true }),
  },
  {
    code: "ESOB-H220",
    what: "a webhook configuration with an old CA",
    break: (world) => makeWebhook(world, { otherCa: true }),
  },
];

function broken(code: Breakage["code"], what: string, change: (world: DoctorWorld) => void): Breakage {
  return {
    code,
    what,
    break: (world) => {
      makeWebhook(world);
      change(world);
    },
  };
}

/** What the API server says about calling it (eso.md 5). */
const SAID = {
  "ESOB-H221": "connect: connection refused",
  "ESOB-H222": "context deadline exceeded",
  "ESOB-H223": "x509: certificate signed by unknown authority",
  "ESOB-H224":
    "x509: certificate is valid for ip-10-0-0-1.ec2.internal, not external-secrets-webhook.external-secrets.svc",
} as const;

export const DRY_RUNS: readonly Breakage[] = [
  ...Object.entries(SAID).map(([code, words]) =>
    refused(code as Breakage["code"], "validate.externalsecret.external-secrets.io", words),
  ),
  refused("ESOB-H236", "policy.kyverno.svc", "context deadline exceeded"),
];

function refused(code: Breakage["code"], webhook: string, words: string): Breakage {
  return {
    code,
    what: `a dry run that says ${words.slice(0, 40)} of ${webhook}`,
    break: (world) => {
      makeWebhook(world);
      const reason = `Internal error occurred: failed calling webhook "${webhook}": failed to call webhook: Post "https://…": ${words}`;
      const error = new BootstrapError("ESOB-K106", { message: "refused by admission control", reason });
      world.cluster.failNext({
        operation: "apply",
        kind: "ExternalSecret",
        name: "eso-bootstrap-probe",
        error,
      });
    },
  };
}
