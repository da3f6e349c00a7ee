import type { World } from "./world.ts";

interface Item {
  kind: string;
  metadata: { name: string; namespace?: string; uid: string };
}

/** Renewed all the time, or follows from others. */
const LEFT_OUT = /^(events|componentstatuses|leases|endpoints|endpointslices)(\.|$)/;

async function kinds({ stack }: World): Promise<string> {
  const names = await stack.kubectl(["api-resources", "--verbs=list", "--cached=false", "-o", "name"]);
  const wanted = names
    .trim()
    .split("\n")
    .filter((name) => !LEFT_OUT.test(name));
  return wanted.join(",");
}

/** Every object of the cluster, of every kind that can be listed: `Secret shop/shop-db <uid>`, in order. */
export async function everything(world: World): Promise<string[]> {
  const json = await world.stack.kubectl(["get", await kinds(world), "-A", "-o", "json"]);
  const { items } = JSON.parse(json) as { items: Item[] };
  return items
    .map(({ kind, metadata: { namespace, name, uid } }) => `${kind} ${namespace ?? "-"}/${name} ${uid}`)
    .toSorted();
}

/** What carries our mark in either system: names of objects, and lines of Infisical's snapshot. */
export async function marked(world: World): Promise<string[]> {
  const selector = ["-l", "app.kubernetes.io/managed-by=eso-bootstrap"];
  const found = await world.stack.kubectl(["get", await kinds(world), "-A", ...selector, "-o", "name"]);
  const atInfisical = JSON.stringify(world.infisical.snapshot(), undefined, 1).split("\n");
  return [
    ...found.trim().split("\n").filter(Boolean),
    ...atInfisical.filter((line) => line.includes("eso-bootstrap")),
  ];
}
