import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/secret.ts";
import { GENERATIONS, stage } from "./server.ts";

describe.each(GENERATIONS)("the machine identities of a server of %s", (generation) => {
  test("all of them, over several pages", async () => {
    const { infisical } = await stage(generation);
    const names = Array.from({ length: 103 }, (_, index) => `many-${index}`);
    for (const name of names) await infisical.createIdentity({ name, metadata: {}, project: undefined });
    const { identities, unlisted } = await infisical.listIdentities();
    expect(identities.map(({ name }) => name).toSorted()).toEqual([...names, "operator"].toSorted());
    expect(unlisted).toEqual({ organization: false, projects: [] });
  });
});

test("identities that live in a project are there too, where servers have such", async () => {
  const { infisical, project } = await stage("2026");
  await infisical.createIdentity({ name: "inside", metadata: {}, project });
  const { identities } = await infisical.listIdentities();
  expect(identities.map(({ name }) => name).toSorted()).toEqual(["inside", "operator"]);
});

test("a list that may not be read is told, not taken for an empty one", async () => {
  const { server, open, infisical, project } = await stage("2026");
  await infisical.createIdentity({ name: "inside", metadata: {}, project });
  const { id } = server.createIdentity({ name: "member", orgRole: "no-access" });
  server.addMember("shop", id, "admin");
  const { clientId, clientSecret } = server.attachUniversalAuth(id);
  const limited = open({
    credential: { kind: "universal-auth", clientId, clientSecret: new Secret(clientSecret) },
  });
  const { identities, unlisted } = await limited.listIdentities();
  expect(identities.map(({ name }) => name)).toEqual(["inside"]);
  expect(unlisted).toEqual({ organization: true, projects: [] });
});
