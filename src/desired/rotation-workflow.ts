import { stringify } from "yaml";

const HEAD = `# Rotates the reviewer token of Infisical Kubernetes Auth when it is old enough (eso-bootstrap render --rotation-workflow).
# Secrets of the repository (or better, of an environment):
#   KUBECONFIG_ROTATION   a kubeconfig with the rights of \`eso-bootstrap render --rotation-cronjob\`, and no more
#   INFISICAL_UNIVERSAL_AUTH_CLIENT_ID, INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET
#                         a machine identity that may list and edit identities
`;

const secret = (name: string) => `\${{ secrets.${name} }}`;
const KUBECONFIG = "${{ runner.temp }}/kubeconfig";
const CREDENTIALS = ["INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"];

/** A GitHub Actions workflow. Secrets go in by environment only; the kubeconfig lives in the runner's own folder. */
export function workflowText({
  file,
  version,
  schedule = "17 3 * * *",
}: {
  file: string;
  version: string;
  schedule: string | undefined;
}): string {
  const rotate = `npx --yes eso-bootstrap@${version} reviewer rotate -f ${JSON.stringify(file)}`;
  const job = {
    "runs-on": "ubuntu-latest",
    "timeout-minutes": 15,
    steps: [
      { uses: "actions/checkout@v4", with: { "persist-credentials": false } },
      { uses: "actions/setup-node@v4", with: { "node-version": 22 } },
      {
        name: "Kubeconfig",
        run: `(umask 077 && printf '%s' "$CONTENT" > "$KUBECONFIG")`,
        env: { KUBECONFIG, CONTENT: secret("KUBECONFIG_ROTATION") },
      },
      {
        name: "Rotate",
        run: `${rotate} --if-older-than "\${AGE:-30d}" --yes`,
        env: {
          KUBECONFIG,
          AGE: "${{ inputs.if-older-than }}",
          ...Object.fromEntries(CREDENTIALS.map((name) => [name, secret(name)])),
        },
      },
      { name: "Forget the kubeconfig", if: "always()", run: 'rm -f "$KUBECONFIG"', env: { KUBECONFIG } },
    ],
  };
  return `${HEAD}${stringify({
    name: "Rotate the reviewer token",
    on: {
      schedule: [{ cron: schedule }],
      workflow_dispatch: {
        inputs: { "if-older-than": { description: "Only when it is older", default: "30d" } },
      },
    },
    permissions: { contents: "read" },
    concurrency: { group: "rotate-reviewer", "cancel-in-progress": false },
    jobs: { rotate: job },
  })}`;
}
