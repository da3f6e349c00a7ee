import type { Sandbox } from "../index.ts";
import type { Folder } from "./folder.ts";
import { EARLY, SECRET, SHOP } from "./shop.ts";

const CLIENT_ID = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID";
const CLIENT_SECRET = "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET";

/** Puts what other shells need into the folder; answers with what to type there. The client secret is in a file and on no screen. */
export async function openToOthers(
  { env, infisical, kubernetes }: Sandbox,
  folder: Folder,
  { projectId, program }: { readonly projectId: string; readonly program: readonly string[] },
): Promise<readonly string[]> {
  const [clientId, clientSecret] = [env[CLIENT_ID] ?? "", env[CLIENT_SECRET] ?? ""];
  await folder.write("client-secret", clientSecret);
  await folder.write("login.json", JSON.stringify({ clientId, clientSecret }));
  await folder.writeProgram("eso-bootstrap", programText(program));
  await folder.writeProgram("helm", helmText([...program, "__helm", kubernetes.url]));
  await folder.writeProgram("change-value", changeText(infisical.url, projectId, folder.path));
  return [
    "It stays up until Ctrl-C. In another shell:",
    "",
    `cd ${folder.path}`,
    `export PATH="$PWD/bin:$PATH" KUBECONFIG="$PWD/kubeconfig"`,
    `export INFISICAL_API_URL=${infisical.url}`,
    `export ${CLIENT_ID}=${clientId}`,
    `export ${CLIENT_SECRET}="$(cat client-secret)"`,
    "",
    "and then, as you like (where there is no helm, bin/helm stands in for it):",
    "",
    `kubectl get externalsecrets -n ${SHOP.namespace}`,
    `kubectl describe externalsecret ${SECRET} -n ${SHOP.namespace}`,
    "eso-bootstrap doctor",
    "eso-bootstrap status",
    "",
    "A value changed at Infisical by curl (cat bin/change-value), and its way into the shop:",
    "",
    `change-value ${EARLY[0]} another`,
    `eso-bootstrap sync ${SECRET} -n ${SHOP.namespace} --restart`,
  ];
}

const programText = (program: readonly string[]): string =>
  `#!/bin/sh\nexec ${program.map(quoted).join(" ")} "$@"\n`;

/** A real helm that comes later on the PATH is called in its place. */
const helmText = (program: readonly string[]): string => `#!/bin/sh
# A stand-in for helm, for machines that have none: it knows ESO's chart alone, and the demo's cluster alone.
rest=$PATH:
while [ -n "$rest" ]; do
  helm=\${rest%%:*}/helm rest=\${rest#*:}
  if [ -f "$helm" ] && [ -x "$helm" ] && ! [ "$helm" -ef "$0" ]; then exec "$helm" "$@"; fi
done
exec ${program.map(quoted).join(" ")} "$@"
`;

/** `change-value NAME VALUE`: the login and the change, as anybody would send them to Infisical. */
function changeText(url: string, projectId: string, folder: string): string {
  const { environment, path: secretPath } = SHOP;
  const base = JSON.stringify({ projectId, environment, secretPath });
  const merge =
    "console.log(JSON.stringify({ ...JSON.parse(process.argv[1]), secretValue: process.argv[2] }))";
  return `#!/bin/sh
json="Content-Type: application/json"
token=$(curl -s "${url}/api/v1/auth/universal-auth/login" -H "$json" -d @${quoted(`${folder}/login.json`)} |
  sed 's/.*"accessToken":"\\([^"]*\\).*/\\1/')
body=$(${quoted(process.execPath)} -e ${quoted(merge)} ${quoted(base)} "$2")
printf 'Authorization: Bearer %s' "$token" |
  curl -s -o /dev/null -w 'Infisical: %{http_code}\\n' -X PATCH "${url}/api/v4/secrets/$1" -H @- -H "$json" -d "$body"
`;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
