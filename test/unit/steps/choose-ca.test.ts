import { describe, expect, it } from "vitest";
import { desiredOf } from "../../../src/desired/desired.ts";
import { findApiServer } from "../../../src/steps/api-server.ts";
import type { Ports } from "../../../src/steps/context.ts";
import { FAKE_CA } from "../../fakes/cluster-controllers.ts";
import { FakeCluster } from "../../fakes/cluster.ts";
import { createFakeNet, type FakeHost } from "../../fakes/net.ts";
import { inputs } from "../../helpers/inputs.ts";

const OTHER_CA = "-----BEGIN CERTIFICATE-----\nb3RoZXI=\n-----END CERTIFICATE-----\n";
const PUBLIC = "203.0.113.7";
const url = "https://k8s.example:6443";

function find(
  hosts: Record<string, FakeHost>,
  options: { ca?: string; kubeconfigCa?: string; host?: string; url?: string } = {},
) {
  const host = options.host ?? "https://eu.infisical.com";
  const base = inputs({ infisical: { host } });
  const cluster = new FakeCluster({
    info: { server: "https://cluster.test:6443", ca: options.kubeconfigCa ?? FAKE_CA },
  });
  cluster.seed({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kube-root-ca.crt", namespace: "kube-system" },
    data: { "ca.crt": FAKE_CA },
  });
  const desired = desiredOf(
    { ...base, cluster: { ...base.cluster, apiServer: options.url ?? url } },
    {
      context: "c",
      namespaces: () => ["shop"],
      infisicalCa: undefined,
      clusterCa: options.ca,
      firstValues: [],
    },
  );
  const net = createFakeNet({ "eu.infisical.com": { addresses: ["198.51.100.9"] }, ...hosts });
  return findApiServer({ cluster, net } as unknown as Ports, desired);
}

describe("the CA that Infisical is given", () => {
  it("is that of kube-root-ca.crt where it verifies the address", async () => {
    const found = await find({ "k8s.example": { addresses: [PUBLIC], ca: FAKE_CA } });
    expect(found).toEqual({ url, ca: FAKE_CA.trim(), caFrom: "kube-root-ca.crt", verified: true });
  });

  it("is the kubeconfig's where only that one does", async () => {
    const found = await find(
      { "k8s.example": { addresses: [PUBLIC], ca: OTHER_CA } },
      { kubeconfigCa: OTHER_CA },
    );
    expect(found).toMatchObject({ ca: OTHER_CA.trim(), caFrom: "kubeconfig", verified: true });
  });

  it("is none for a publicly trusted address", async () => {
    const found = await find({ "k8s.example": { addresses: [PUBLIC] } });
    expect(found).toMatchObject({ ca: "", caFrom: "public roots", verified: true });
  });

  it("is the one of the file, and no other is tried", async () => {
    const served = { "k8s.example": { addresses: [PUBLIC], ca: FAKE_CA } };
    await expect(find(served, { ca: OTHER_CA })).rejects.toMatchObject({
      code: "ESOB-R106",
      reason: "tried: cluster.caFile",
    });
  });

  it("is refused when none verifies the address", async () => {
    const served = { "k8s.example": { addresses: [PUBLIC], ca: OTHER_CA } };
    await expect(find(served)).rejects.toMatchObject({
      code: "ESOB-R106",
      reason: "tried: kube-root-ca.crt, kubeconfig, public roots",
    });
  });

  it("is taken unverified where this machine cannot reach the address", async () => {
    const broken = { reached: false, at: "timeout", reason: "no answer" } as const;
    const found = await find({ "k8s.example": { addresses: [PUBLIC], broken } });
    expect(found).toMatchObject({ ca: FAKE_CA.trim(), verified: false });
  });

  it("for the in-cluster name is tried at the address that this machine has", async () => {
    const found = await find(
      { "cluster.test": { addresses: [PUBLIC], ca: FAKE_CA } },
      { host: "http://infisical.ns.svc.cluster.local", url: "https://kubernetes.default.svc.cluster.local" },
    );
    expect(found).toMatchObject({ caFrom: "kube-root-ca.crt", verified: true });
  });
});
