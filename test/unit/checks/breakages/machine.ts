import { BootstrapError } from "../../../../src/errors.ts";
import { inSpec } from "../../../helpers/doctor-breaks.ts";
import { EXTERNAL_SECRET } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

const SOON_MS = 3 * 86_400_000;
const LONG_AGO = "2026-01-01T00:00:00Z";

/** This machine. */
export const MACHINE: readonly Breakage[] = [
  {
    code: "ESOB-L201",
    what: "a clock that is minutes off",
    break: ({ cluster }) => void (cluster.aheadMs = 600_000),
  },
  {
    code: "ESOB-L201",
    what: "a clock that is a minute off",
    as: "warn",
    break: ({ cluster }) => void (cluster.aheadMs = -60_000),
  },
  {
    code: "ESOB-L202",
    what: "a proxy before a private address",
    as: "warn",
    look: { env: { HTTPS_PROXY: "http://proxy.example.com:3128" } },
    break: (world) => {
      Object.assign(world.cluster.info, { server: "https://10.0.0.1:6443" });
    },
  },
  {
    code: "ESOB-L203",
    what: "a client certificate that ends in three days",
    as: "warn",
    break: ({ cluster }) => void (cluster.credentialUntil = new Date(Date.now() + SOON_MS)),
  },
  {
    code: "ESOB-H102",
    what: "a helm that is too old",
    as: "warn",
    break: ({ helm }) => {
      const error = new BootstrapError("ESOB-H102", { message: "helm 3.9.0 is too old." });
      helm.version = () => Promise.reject(error);
    },
  },
];

/** The cluster. */
export const CLUSTER: readonly Breakage[] = [
  {
    code: "ESOB-K201",
    what: "a Kubernetes from before selectableFields",
    break: ({ cluster }) => {
      cluster.version = async () => "v1.27.3";
    },
  },
  {
    code: "ESOB-K202",
    what: "a cluster whose CA nobody publishes",
    break: ({ cluster }) =>
      cluster.remove({
        apiVersion: "v1",
        kind: "ConfigMap",
        namespace: "kube-system",
        name: "kube-root-ca.crt",
      }),
  },
  {
    code: "ESOB-K203",
    what: "a namespace that ESO's finalizers hold",
    break: ({ cluster, edit }) => {
      const ref = { apiVersion: "v1", kind: "Namespace", name: "old" };
      cluster.seed({ ...ref, metadata: { name: "old" } });
      const message =
        "Some content in the namespace has finalizers remaining: externalsecrets.external-secrets.io/externalsecret-cleanup in 1 resource instances";
      cluster.setStatus(ref, {
        conditions: [{ type: "NamespaceFinalizersRemaining", status: "True", message }],
      });
      edit(ref, ({ metadata }) =>
        Object.assign(metadata as object, { deletionTimestamp: LONG_AGO, finalizers: ["kubernetes"] }),
      );
    },
  },
  {
    code: "ESOB-K204",
    what: "an ExternalSecret that cannot be deleted",
    break: (world) => {
      // A deletion counts the generation up, as a change of the spec does.
      inSpec(world, EXTERNAL_SECRET, (spec) => (spec["refreshInterval"] = "2h"));
      world.edit(EXTERNAL_SECRET, ({ metadata }) =>
        Object.assign(metadata as object, {
          deletionTimestamp: LONG_AGO,
          finalizers: ["externalsecrets.external-secrets.io/externalsecret-cleanup"],
        }),
      );
    },
  },
];
