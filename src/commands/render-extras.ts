import { alertsManifest } from "../desired/alerts.ts";
import { dashboard } from "../desired/dashboard.ts";
import type { Desired } from "../desired/desired.ts";
import { rotationManifests } from "../desired/rotation-manifests.ts";
import { workflowText } from "../desired/rotation-workflow.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { doctorRbac } from "./render-rbac.ts";
import { esoAccount, manifest, type Rendered } from "./render-text.ts";

type Extra = (desired: Desired, inputs: Inputs, invocation: Invocation) => Rendered[];

/** What `render` prints instead of the road's objects, by flag. */
const EXTRAS: Readonly<Record<string, Extra>> = {
  doctorRbac: (_, { eso }, { global, flags }) =>
    doctorRbac({
      namespace: global.namespace ?? eso.namespace,
      eso: esoAccount(eso),
      secrets: flags["secrets"] !== false,
      login: flags["doctorRbac"] === "login",
    }),
  alerts: (desired) => [manifest(alertsManifest(desired))],
  dashboard: () => {
    const object = dashboard();
    return [{ file: "grafana-dashboard.json", text: `${JSON.stringify(object, undefined, 2)}\n`, object }];
  },
  rotationWorkflow: (_, inputs, { flags, version }) => {
    const text = workflowText({ file: inputs.file, version, schedule: textFlag(flags["schedule"]) });
    return [{ file: "rotate-reviewer.yml", text, object: text }];
  },
  rotationCronjob: (desired, { infisical }, { flags }) => {
    const image = textFlag(flags["image"]);
    if (desired.reviewer.mode === "self") throw nothingToRotate();
    if (image === undefined) throw noImage();
    return rotationManifests(desired, {
      image,
      schedule: textFlag(flags["schedule"]),
      eso: esoAccount(desired.eso),
      organization: infisical.organization,
    }).map(manifest);
  },
};

const textFlag = (value: unknown) => (typeof value === "string" ? value : undefined);

/** The extra that was asked for; undefined: the road's own objects. JSON and YAML do not mix: one at a time. */
export function extraIn(invocation: Invocation): Extra | undefined {
  assertRbacFlags(invocation);
  const { flags } = invocation;
  const [name, ...others] = Object.keys(EXTRAS).filter((flag) => flags[flag] !== undefined);
  if (others.length > 0)
    throw new BootstrapError("ESOB-C104", {
      message: `${NAMES} do not go together.`,
      fix: { summary: "Render one after the other.", command: "eso-bootstrap render --alerts" },
    });
  return name === undefined ? undefined : EXTRAS[name];
}

const NAMES = "--doctor-rbac, --alerts, --dashboard, --rotation-workflow and --rotation-cronjob";

/** What `--doctor-rbac` may say; by itself it leaves the login out. */
const RBAC_SCOPES: readonly unknown[] = [true, "login"];

/** Refuses what only makes sense with `--doctor-rbac`, and what that does not know. */
function assertRbacFlags({ flags }: Invocation): void {
  const scope = flags["doctorRbac"];
  if (scope === undefined && flags["secrets"] === false)
    throw new BootstrapError("ESOB-C104", {
      message: "--no-secrets says which rights doctor gets: it goes with --doctor-rbac.",
      fix: {
        summary: "Add it, or leave it out.",
        command: "eso-bootstrap render --doctor-rbac --no-secrets",
      },
    });
  if (scope !== undefined && !RBAC_SCOPES.includes(scope))
    throw new BootstrapError("ESOB-C104", {
      message: `--doctor-rbac does not know "${typeof scope === "string" ? scope : ""}".`,
      fix: {
        summary: "Leave the value out, or let doctor log in as ESO.",
        command: "eso-bootstrap render --doctor-rbac=login",
      },
    });
}

function noImage(): BootstrapError {
  return new BootstrapError("ESOB-C103", {
    message: "--image is needed for the CronJob: an image with this tool as its entry point.",
    fix: {
      summary: "Name it.",
      command: "eso-bootstrap render --rotation-cronjob --image registry.example/eso-bootstrap:1",
    },
  });
}

function nothingToRotate(): BootstrapError {
  return new BootstrapError("ESOB-C104", {
    message: "There is nothing to rotate: ESO reviews itself (reviewer.mode: self).",
    fix: { summary: "Leave out --rotation-cronjob, or set reviewer.mode: token." },
  });
}
