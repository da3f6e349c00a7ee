import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openOtherShell, type OtherShell } from "./other-shell.ts";

/*
 * What a person types with the real kubectl in the other shell of a demo. `ESO_BOOTSTRAP_KUBECTL_TRANSCRIPT` names a file that
 * gets all of it.
 */
let shell: OtherShell;
beforeAll(async () => {
  shell = await openOtherShell("ESO_BOOTSTRAP_KUBECTL_TRANSCRIPT");
});
afterAll(() => shell?.stop());

/** A line, what must be in what it says, and how it ends. */
type Step = readonly [line: string, says: RegExp, code?: number];

const EXTRA = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: extra, namespace: shop}
spec:
  refreshInterval: 1m0s
  secretStoreRef: {name: infisical}
  data: [{secretKey: HOST, remoteRef: {key: DB_HOST}}]`;
const here = (text: string) => `<<'END'\n${text}\nEND`;

const ROADS: Readonly<Record<string, readonly Step[]>> = {
  version: [["kubectl version", /Client Version: v1\.35\.2[^]*Server Version: v1\.\d+/]],
  "get, as tables": [
    [
      "kubectl get externalsecrets -n shop",
      /^NAME +STORETYPE +STORE +REFRESH INTERVAL +STATUS +READY +LAST SYNC\nshop-db +SecretStore +infisical +1m0s +SecretSynced +True +\d+s\n$/,
    ],
    [
      "kubectl get es,ss,css -A",
      /externalsecret.*\/shop-db[^]*secretstore.*\/infisical +\d+s +Valid +ReadWrite +True/,
    ],
    ["kubectl get pods -A -o wide", /external-secrets +external-secrets-\S+ +1\/1 +Running +0/],
    [
      "kubectl get all -n shop",
      /pod\/shop-\S+ +1\/1[^]*deployment\.apps\/shop +1\/1[^]*replicaset\.apps\/shop-\S+ +1 +1 +1/,
    ],
    [
      "kubectl get events -n shop --sort-by=.lastTimestamp",
      /Normal +Valid +secretstore\/infisical +store validated/,
    ],
    ["kubectl get secret shop-db -n shop", /^NAME +TYPE +DATA +AGE\nshop-db +Opaque +4 +\d+s\n$/],
    [
      "kubectl get ns,nodes,crds",
      /namespace\/shop +Active[^]*node\/sandbox +Ready[^]*externalsecrets\.external-secrets\.io +2/,
    ],
    [
      "kubectl get es shop-db -n shop -o jsonpath='{.status.conditions[0].reason}{\"\\n\"}'",
      /^SecretSynced\n$/,
    ],
    [
      "kubectl get es shop-db -n shop -o yaml",
      /^ {2}secretStoreRef:\n {4}kind: SecretStore\n {4}name: infisical$/m,
    ],
    [
      "kubectl get es -n shop --show-managed-fields -o name",
      /^externalsecret\.external-secrets\.io\/shop-db\n$/,
    ],
    ["kubectl get es nothing -n shop", /Error from server \(NotFound\): .*"nothing" not found/, 1],
  ],
  describe: [
    [
      "kubectl describe externalsecret shop-db -n shop",
      /Reason: +SecretSynced[^]*Events:[^]*Normal +Created .*secret created/,
    ],
    ["kubectl describe secretstore infisical -n shop", /Host API: +http:\/\/127[^]*Reason: +Valid/],
    [
      "kubectl describe deployment external-secrets -n external-secrets",
      /Replicas: +1 desired \| 1 updated \| 1 total \| 1 available/,
    ],
    ["kubectl describe pod -n external-secrets", /Service Account: +external-secrets[^]*State: +Running/],
    ["kubectl describe secret shop-db -n shop", /DB_PASSWORD: +\d+ bytes/],
    ["kubectl describe node sandbox", /Name: +sandbox/],
  ],
  "apply, diff, wait, annotate, patch, delete": [
    [`kubectl apply --server-side -f - ${here(EXTRA)}`, /extra serverside-applied/],
    ["kubectl wait --for=condition=Ready externalsecret/extra -n shop --timeout=10s", /extra condition met/],
    ["kubectl get secret extra -n shop -o jsonpath='{.data.HOST}' | base64 -d | cut -c1-5", /^demo-\n$/],
    [
      `kubectl diff --server-side -f - ${here(EXTRA.replace("1m0s", "5m0s"))}`,
      /^\+ {2}refreshInterval: 5m0s$/m,
      1,
    ],
    [
      `kubectl apply --server-side --field-manager=other -f - ${here(EXTRA.replace("1m0s", "5m0s"))}`,
      /Apply failed with 1 conflict: conflict with "kubectl".*\.spec\.refreshInterval/s,
      1,
    ],
    [`kubectl apply -f - ${here(EXTRA.replace("{name: extra,", "{name: plain,"))}`, /plain created/],
    [`kubectl apply -f - ${here(EXTRA.replace("{name: extra,", "{name: plain,"))}`, /plain unchanged/],
    [
      `kubectl apply --dry-run=server -f - ${here(EXTRA.replace("1m0s", "[]"))}`,
      /spec\.refreshInterval: Invalid value/,
      1,
    ],
    ["kubectl annotate es shop-db -n shop force-sync=$(date +%s) --overwrite", /shop-db annotated/],
    ["kubectl label es extra -n shop team=shop && kubectl get es -n shop -l team=shop -o name", /\/extra\n$/],
    [`kubectl patch es extra -n shop --type=merge -p '{"spec":{"refreshInterval":"2m0s"}}'`, /extra patched/],
    ["kubectl delete es extra plain -n shop", /"extra" deleted[^]*"plain" deleted/],
    ["kubectl wait --for=delete secret/extra -n shop --timeout=10s", /^(secret\/extra condition met\n)?$/],
    ["kubectl get secret extra -n shop", /NotFound/, 1],
  ],
  workloads: [
    ["kubectl rollout status deployment/shop -n shop --timeout=10s", /successfully rolled out/],
    [
      "kubectl rollout restart deployment/shop -n shop && kubectl rollout status deployment/shop -n shop --timeout=10s",
      /restarted\n[^]*successfully/,
    ],
    [
      "kubectl scale deployment/shop -n shop --replicas=2 && kubectl get deployment shop -n shop",
      /shop +2\/2 +2 +2/,
    ],
    [
      "kubectl create configmap notes -n shop --from-literal=a=b && kubectl delete configmap notes -n shop",
      /created\n[^]*deleted/,
    ],
  ],
  logs: [
    [
      "kubectl logs deployment/external-secrets -n external-secrets",
      /"msg":"starting manager"[^]*"msg":"Starting workers"[^]*"msg":"reconciled secret","ExternalSecret":\{"name":"shop-db","namespace":"shop"\}/,
    ],
    [
      "kubectl logs -n external-secrets -l app.kubernetes.io/name=external-secrets --tail=1 --timestamps",
      /^\S+Z \{"level".*\n$/,
    ],
    ["kubectl logs deployment/shop -n shop", /^DB_HOST=\*{8} {2}\d+ characters$/m],
    ["timeout 1 kubectl logs -f deployment/external-secrets -n external-secrets --tail=1", /^\{"level"/, 124],
    [
      "kubectl logs deployment/external-secrets -n external-secrets -c nothing",
      /container nothing is not valid/,
      1,
    ],
  ],
  "create token, and who may what": [
    [
      "kubectl create token external-secrets -n external-secrets --duration=10m | cut -d. -f1 | base64 -d 2>&1; echo",
      /"alg":"RS256"/,
    ],
    ["kubectl auth whoami", /Username +admin/],
    ["kubectl auth can-i create externalsecrets -n shop", /^yes\n$/],
    ["kubectl auth can-i list secrets -n shop --as=system:serviceaccount:shop:default", /^no\n$/, 1],
    [
      "kubectl auth can-i create tokenreviews.authentication.k8s.io --as=system:serviceaccount:external-secrets:infisical-token-reviewer",
      /^.*yes\n$/s,
    ],
    ["kubectl auth can-i --list --as=system:serviceaccount:shop:default", /selfsubjectaccessreviews/],
    [
      "kubectl get pods -n shop --as=nobody",
      /pods is forbidden: User "nobody" cannot list resource "pods"/,
      1,
    ],
  ],
  "explain and discovery": [
    ["kubectl explain externalsecret.spec.target", /FIELDS:[^]*creationPolicy/],
    ["kubectl explain deployment.spec.replicas", /FIELD: replicas <integer>/],
    [
      "kubectl api-resources --api-group=external-secrets.io",
      /externalsecrets +es +external-secrets\.io\/v1 +true +ExternalSecret/,
    ],
    ["kubectl api-versions", /external-secrets\.io\/v1/],
    ["kubectl get --raw /readyz", /^ok/],
    ["kubectl cluster-info", /control plane.* is running at/],
  ],
};

describe("kubectl in the other shell of a demo", () => {
  test.each(Object.entries(ROADS))("%s", async (_what, steps) => {
    for (const [line, says, code = 0] of steps) {
      const typed = await shell.type(line);
      shell.note(`$ ${line}\n${typed.text}${typed.code === 0 ? "" : `(exit ${typed.code})\n`}`);
      expect({ line, code: typed.code, text: typed.text }).toEqual({
        line,
        code,
        text: expect.stringMatching(says),
      });
    }
  });
});
