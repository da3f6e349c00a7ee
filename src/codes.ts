/**
 * Every error code, one record each. `title`: what it means; `see`: how to see it oneself; `mend`: what to do;
 * `exit`: product.md section 4. `docs/troubleshooting.md` is generated from this table (`npm run generate`).
 * Areas: K Kubernetes, H Helm, I Infisical, R reviewer and TokenReview, S store, E ExternalSecret, C configuration, L this machine.
 */
export interface CodeRecord {
  readonly title: string;
  readonly see: string;
  readonly mend: string;
  readonly exit: 1 | 2 | 5 | 124 | 130;
}

const record = (exit: CodeRecord["exit"], title: string, see: string, mend: string): CodeRecord => ({
  title,
  see,
  mend,
  exit,
});

export const CODES = {
  // --- configuration -------------------------------------------------------------------------------------------
  "ESOB-C101": record(
    2,
    "The configuration file has mistakes",
    "Each one is listed with its line and column.",
    "Correct the lines that are named; nothing was contacted.",
  ),
  "ESOB-C102": record(
    2,
    "The configuration file cannot be read",
    "ls -l eso-bootstrap.yaml",
    "Name the file with -f, or run `eso-bootstrap init` to make one.",
  ),
  "ESOB-C103": record(
    2,
    "A needed setting is missing",
    "The message names the flag, the key and the variable.",
    "Give it by flag, in eso-bootstrap.yaml, by variable, or run `init` in a terminal to be asked.",
  ),
  "ESOB-C104": record(
    2,
    "A flag or variable has a wrong value",
    "The message names it and what was expected.",
    "Correct the value.",
  ),
  "ESOB-C105": record(
    2,
    "A flag that describes one store was given, but the file has several",
    "grep -c 'kind:' eso-bootstrap.yaml",
    "Set the value in the file, at the store that is meant.",
  ),
  "ESOB-C106": record(
    2,
    "The file and the environment name different Infisical servers",
    "env | grep INFISICAL_",
    "Unset the variable, or change infisical.host.",
  ),
  "ESOB-C107": record(
    2,
    "There is no terminal to ask in, and --yes was not given",
    "The plan was shown; nothing was changed.",
    "Look at the plan, then add --yes.",
  ),
  "ESOB-C108": record(
    2,
    "The command line is wrong",
    "eso-bootstrap COMMAND --help",
    "See the help of the command.",
  ),
  "ESOB-C109": record(
    2,
    "An entry of doctor.ignore has ended",
    "grep -n 'until:' eso-bootstrap.yaml",
    "Mend what it hid and remove the entry, or give it a later date.",
  ),
  "ESOB-C110": record(
    2,
    "An entry of doctor.ignore matches nothing",
    "grep -n -A5 'ignore:' eso-bootstrap.yaml",
    "Remove the entry: what it hid is mended, or code or resource are misspelt.",
  ),
  "ESOB-C201": record(
    1,
    "The world changed since the plan was made",
    "eso-bootstrap plan",
    "Make the plan again and look at it.",
  ),
  "ESOB-C202": record(
    2,
    "The plan file cannot be used",
    "head -c 300 plan.json",
    "Make it again with `eso-bootstrap plan --output-file plan.json`.",
  ),
  "ESOB-C203": record(
    1,
    "The plan has blocked changes",
    "eso-bootstrap plan",
    "Each blocked change says why; --adopt takes over a foreign object, --force-conflicts a foreign field.",
  ),
  "ESOB-C204": record(
    1,
    "Another run is at work on this cluster",
    "kubectl get lease eso-bootstrap -n kube-system -o yaml",
    "Wait for it; a run that died frees the Lease after 15 seconds.",
  ),
  "ESOB-C205": record(
    130,
    "The plan was declined or the run was interrupted",
    "Nothing after the last line shown was changed.",
    "Run it again; it goes on where it stopped.",
  ),
  "ESOB-C206": record(
    124,
    "The time given by --timeout ran out",
    "The last known state is shown.",
    "Run it again, with a larger --timeout if the cluster is slow.",
  ),
  // --- this machine --------------------------------------------------------------------------------------------
  "ESOB-L101": record(
    5,
    "There is no kubeconfig",
    "kubectl config view",
    "Set KUBECONFIG, or give --kubeconfig.",
  ),
  "ESOB-L102": record(
    5,
    "The kubeconfig has no such context",
    "kubectl config get-contexts",
    "Choose one that exists with --context.",
  ),
  "ESOB-L103": record(5, "The kubeconfig cannot be used", "kubectl config view", "Correct the file."),
  "ESOB-L104": record(
    1,
    "A file could not be written",
    "ls -ld the folder",
    "Make the folder writable, or choose another.",
  ),
  "ESOB-L105": record(
    2,
    "A file that the configuration names cannot be read",
    "ls -l the file",
    "Correct the path or the file's rights.",
  ),
  // --- Kubernetes ----------------------------------------------------------------------------------------------
  "ESOB-K101": record(
    5,
    "The API server cannot be reached",
    "kubectl version",
    "Check the address, the network and the proxy settings.",
  ),
  "ESOB-K102": record(
    5,
    "The API server did not accept who we are",
    "kubectl auth whoami",
    "Renew the credential in the kubeconfig.",
  ),
  "ESOB-K103": record(
    5,
    "The API server's certificate is not trusted",
    "kubectl version",
    "Correct certificate-authority-data of the cluster in the kubeconfig.",
  ),
  "ESOB-K104": record(
    5,
    "Rights are missing in the cluster",
    "kubectl auth can-i --list",
    "Ask for the rights that are listed, or run with another context.",
  ),
  "ESOB-K105": record(
    5,
    "The API server answered with an error of its own",
    "kubectl get --raw /readyz?verbose",
    "Try again when the API server is healthy.",
  ),
  "ESOB-K106": record(
    1,
    "The API server refused an object",
    "kubectl apply --server-side --dry-run=server -f …",
    "The message names the field; change the configuration accordingly.",
  ),
  "ESOB-K107": record(
    1,
    "An object was changed by somebody else at the same moment",
    "kubectl get … -o yaml --show-managed-fields",
    "Run it again.",
  ),
  "ESOB-K108": record(
    5,
    "The credential plugin of the kubeconfig failed",
    "kubectl auth whoami",
    "Log in again with the plugin's own command.",
  ),
  "ESOB-K109": record(
    5,
    "The API server answered something that is not Kubernetes",
    "curl -k $SERVER/version",
    "Correct the server address in the kubeconfig, or the proxy.",
  ),
  "ESOB-K110": record(
    124,
    "The API server did not answer in time",
    "kubectl get --raw /readyz",
    "Check the network; try again. Where requests just take long: `ESO_BOOTSTRAP_CALL_TIMEOUT=90s`.",
  ),
  "ESOB-K111": record(
    1,
    "The cluster does not know a kind that is needed",
    "kubectl api-resources | grep external-secrets",
    "Install ESO first: `eso-bootstrap install`.",
  ),
  // --- Helm ----------------------------------------------------------------------------------------------------
  "ESOB-H101": record(
    5,
    "helm is not installed",
    "helm version",
    "Install Helm 3.14 or newer: https://helm.sh/docs/intro/install/",
  ),
  "ESOB-H102": record(
    5,
    "helm is too old",
    "helm version --short",
    "Install Helm 3.14 or newer: https://helm.sh/docs/intro/install/",
  ),
  "ESOB-H103": record(
    1,
    "helm failed",
    "helm status external-secrets -n external-secrets",
    "Mend what its last lines say and run it again: it goes on from there.",
  ),
  "ESOB-H104": record(
    1,
    "ESO did not become ready",
    "kubectl get pods -n external-secrets",
    "Look at the pods that are named.",
  ),
  "ESOB-H105": record(
    1,
    "The chart cannot be fetched",
    "helm show chart external-secrets --repo https://charts.external-secrets.io",
    "Check the network, or name a local chart with eso.chart.",
  ),
  "ESOB-H106": record(
    1,
    "No ESO is there, and it may not be installed",
    "kubectl get deployments -A -l app.kubernetes.io/name=external-secrets",
    "Install ESO, or set eso.manage: true.",
  ),
  // --- Infisical -----------------------------------------------------------------------------------------------
  "ESOB-I101": record(
    5,
    "Infisical cannot be reached",
    "curl -sS $INFISICAL/api/status",
    "Check infisical.host, the network and the proxy settings.",
  ),
  "ESOB-I102": record(
    5,
    "Infisical's certificate is not trusted",
    "curl -v $INFISICAL/api/status",
    "Set infisical.caFile to the CA that signed it.",
  ),
  "ESOB-I103": record(
    5,
    "That address is not Infisical's API",
    "curl -i $INFISICAL/api/status",
    "Set infisical.host to the address you open in the browser.",
  ),
  "ESOB-I104": record(
    5,
    "No Infisical credential was given",
    "env | grep INFISICAL_",
    "Set INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET, or INFISICAL_TOKEN.",
  ),
  "ESOB-I105": record(
    5,
    "Infisical refused the login",
    "Check client id and client secret in Infisical: Organization > Access Control > Identities.",
    "Use a valid client id and secret.",
  ),
  "ESOB-I106": record(
    5,
    "The identity is locked out",
    "The lock-out ends by itself (5 minutes by default).",
    "Wait, then use the right client secret.",
  ),
  "ESOB-I107": record(
    5,
    "The access token has expired or was revoked",
    "Log in again.",
    "Get a new INFISICAL_TOKEN, or use Universal Auth.",
  ),
  "ESOB-I108": record(
    5,
    "The token belongs to another Infisical server or region",
    "Compare infisical.host with where the token was made.",
    "Set infisical.host to us, eu or your own server.",
  ),
  "ESOB-I109": record(
    5,
    "Rights are missing in Infisical",
    "The message lists each one.",
    "Give the operator's identity the rights that are listed.",
  ),
  "ESOB-I110": record(
    1,
    "Infisical's rate limit was reached and did not clear in time",
    "The server says when to try again.",
    "Wait a minute and run it again.",
  ),
  "ESOB-I111": record(
    1,
    "Infisical answered with an error of its own",
    "curl -i $INFISICAL/api/status",
    "Look at the server's log; run it again.",
  ),
  "ESOB-I112": record(
    1,
    "Infisical refused a request as invalid",
    "The message names the field.",
    "Correct the value that is named.",
  ),
  "ESOB-I113": record(
    124,
    "Infisical did not answer in time",
    "curl -m 10 $INFISICAL/api/status",
    "Check the network; run it again. Where requests just take long: `ESO_BOOTSTRAP_CALL_TIMEOUT=60s`.",
  ),
  "ESOB-I114": record(
    5,
    "Infisical does not accept this machine's address",
    "The identity has trusted IPs.",
    "Add this address to the trusted IPs of the operator's identity.",
  ),
  "ESOB-I115": record(
    1,
    "Infisical's plan does not allow this",
    "The message names the feature.",
    "Upgrade, or choose the setting that is named.",
  ),
  "ESOB-I116": record(
    2,
    "The Infisical organization cannot be found out",
    "Servers of 2024 do not tell an identity its organization.",
    "Set infisical.organization to the organization's id.",
  ),
  "ESOB-I117": record(
    1,
    "Infisical's answer was cut short or is not JSON",
    "curl -i $INFISICAL/api/status",
    "Check the proxy between here and Infisical; run it again.",
  ),
  "ESOB-I118": record(
    5,
    "The credential is of a kind that cannot be used here",
    "Service tokens (st.…) can only read secrets.",
    "Use a machine identity: Universal Auth or its access token.",
  ),
  "ESOB-I201": record(
    1,
    "Infisical has no such project",
    "The projects that exist are listed.",
    "Choose one that exists, or set infisical.create: true.",
  ),
  "ESOB-I202": record(
    1,
    "The project has no such environment",
    "The environments that exist are listed.",
    "Choose one that exists, or set infisical.create: true.",
  ),
  "ESOB-I203": record(
    1,
    "The environment has no such folder",
    "The folders that exist are listed.",
    "Choose one that exists, or set infisical.create: true.",
  ),
  "ESOB-I204": record(
    1,
    "A name was given where Infisical wants the slug",
    "The slug is shown.",
    "Use the slug that is shown.",
  ),
  "ESOB-I205": record(
    1,
    "Two machine identities match",
    "Identity names are not unique in Infisical.",
    "Set stores[].identityId to the right one, or remove the other.",
  ),
  "ESOB-I206": record(
    1,
    "A role or privilege came back wider than asked",
    "Servers of 2024 drop conditions they do not know.",
    "It was taken away again. Choose a scope that this server can express.",
  ),
  "ESOB-I207": record(
    1,
    "This server cannot let ESO review itself",
    "Servers of 2024 demand a reviewer token.",
    "Set reviewer.mode: token.",
  ),
  "ESOB-I208": record(
    1,
    "A foreign machine identity is in the way",
    "It has the name, but not our mark.",
    "Choose another name with stores[].identity, or take it over with --adopt.",
  ),
  "ESOB-I209": record(
    1,
    "Universal Auth is on an identity that is not ours",
    "It is never removed from a foreign identity.",
    "Remove it in Infisical, or choose another identity.",
  ),
  // --- reviewer, TokenReview, login as ESO -----------------------------------------------------------------------
  "ESOB-R101": record(
    1,
    "The reviewer's token was not filled in",
    "kubectl get secret -n external-secrets -l app.kubernetes.io/managed-by=eso-bootstrap",
    "Check that kube-controller-manager runs; run it again.",
  ),
  "ESOB-R102": record(
    1,
    "The API server does not accept the reviewer token",
    "kubectl create --raw /apis/authentication.k8s.io/v1/tokenreviews",
    "Run `eso-bootstrap apply` again: it makes a new one.",
  ),
  "ESOB-R103": record(
    1,
    "The reviewer may not review tokens",
    "kubectl auth can-i create tokenreviews --as=system:serviceaccount:external-secrets:infisical-token-reviewer",
    "Run `eso-bootstrap apply` again: it restores the binding.",
  ),
  "ESOB-R104": record(
    1,
    "Infisical cannot reach the API server",
    "Compare cluster.apiServer with what Infisical can resolve and connect to.",
    "Set cluster.apiServer to an address that Infisical can reach.",
  ),
  "ESOB-R105": record(
    1,
    "Infisical is not allowed to call a private address",
    "Self-hosted servers have ALLOW_INTERNAL_IP_CONNECTIONS.",
    "Set ALLOW_INTERNAL_IP_CONNECTIONS=true on the Infisical server, or use a public address.",
  ),
  "ESOB-R106": record(
    1,
    "Infisical does not trust the API server's certificate",
    "openssl s_client -connect HOST:PORT",
    "Set cluster.caFile to the CA of cluster.apiServer.",
  ),
  "ESOB-R107": record(
    1,
    "The API server's name cannot be resolved by Infisical",
    "nslookup HOST, where Infisical runs",
    "Use a name without search domains, as https://kubernetes.default.svc.cluster.local.",
  ),
  "ESOB-R108": record(
    1,
    "The API server refused Infisical's connection",
    "nc -vz HOST PORT, where Infisical runs",
    "Correct the port, or open the way.",
  ),
  "ESOB-R109": record(
    1,
    "Infisical's connection to the API server timed out",
    "nc -vz HOST PORT, where Infisical runs",
    "Open the firewall for Infisical's addresses.",
  ),
  "ESOB-R110": record(
    1,
    "Infisical refused ESO's namespace",
    "allowedNamespaces must be the namespace of ESO's controller.",
    "Run `eso-bootstrap apply` again.",
  ),
  "ESOB-R111": record(
    1,
    "Infisical refused ESO's ServiceAccount name",
    "allowedNames must be the ServiceAccount of ESO's controller.",
    "Run `eso-bootstrap apply` again.",
  ),
  "ESOB-R112": record(
    1,
    "Infisical refused ESO's token audience",
    "allowedAudience must be empty or the API server's.",
    "Run `eso-bootstrap apply` again.",
  ),
  "ESOB-R113": record(
    1,
    "The identity has no Kubernetes Auth",
    "Or the store points at another Infisical server.",
    "Run `eso-bootstrap apply` again.",
  ),
  "ESOB-R114": record(
    1,
    "The API server says that ESO's token is not genuine",
    "Often the identity points at another cluster.",
    "One identity serves one cluster: run `eso-bootstrap apply` for this one.",
  ),
  "ESOB-R115": record(
    1,
    "The login as ESO failed",
    "The server's own words are shown.",
    "Run `eso-bootstrap apply` again: its proof names what is broken. Infisical's own log has the cause.",
  ),
  "ESOB-R116": record(
    1,
    "The address does not answer as a Kubernetes API server",
    "curl -k HOST/version",
    "Set cluster.apiServer to the API server itself.",
  ),
  "ESOB-R117": record(
    1,
    "The API server's address is private, and Infisical is elsewhere",
    "Infisical must be able to call the API server.",
    "Set cluster.apiServer to a public address, or run Infisical in the same network.",
  ),
  "ESOB-R118": record(
    1,
    "The identity can read more than it should",
    "The scope that was readable is named.",
    "Remove the extra role or privilege in Infisical.",
  ),
  "ESOB-R119": record(
    1,
    "The identity cannot read its own scope",
    "It logged in, but may not list the names at its path.",
    "Run `eso-bootstrap apply` again: it restores the role.",
  ),
  "ESOB-R301": record(
    1,
    "There is no reviewer whose token could be rotated",
    "kubectl get serviceaccount -A -l app.kubernetes.io/managed-by=eso-bootstrap",
    "Run `eso-bootstrap reviewer`, or `apply` for the whole road.",
  ),
  "ESOB-R302": record(
    1,
    "Not every identity that may hold the old reviewer token can be seen",
    "The operator may not list the machine identities of the organization.",
    "Give the operator `read` on identities in the organization, or go on with --visible-only.",
  ),
  "ESOB-R303": record(
    1,
    "The old reviewer token is still in use",
    "eso-bootstrap reviewer show",
    "Run `eso-bootstrap reviewer rotate` again: it goes on from there.",
  ),
  "ESOB-R304": record(
    1,
    "The old reviewer token is still accepted",
    "kubectl get secrets -n external-secrets -l eso-bootstrap/reviewer",
    "Wait a minute and try it again; API servers cache verdicts.",
  ),
  // --- stores --------------------------------------------------------------------------------------------------
  "ESOB-S101": record(
    1,
    "The store did not become Valid",
    "kubectl describe secretstore",
    "Mend the cause that is named, then run `eso-bootstrap apply`.",
  ),
  "ESOB-S102": record(
    124,
    "ESO did not look at the store in time",
    "kubectl logs -n external-secrets deployment/external-secrets",
    "Check that ESO's controller runs and serves this controllerClass.",
  ),
  // --- ExternalSecrets -----------------------------------------------------------------------------------------
  "ESOB-E101": record(
    1,
    "The ExternalSecret did not sync",
    "kubectl describe externalsecret",
    "Mend the cause that is named, then run `eso-bootstrap apply`.",
  ),
  "ESOB-E102": record(
    124,
    "ESO did not look at the ExternalSecret in time",
    "kubectl logs -n external-secrets deployment/external-secrets",
    "Check that ESO's controller runs.",
  ),
  "ESOB-E103": record(
    1,
    "A key is missing in the Secret",
    "kubectl get secret NAME -o jsonpath='{.data}'",
    "Create it in Infisical, or correct its name under keys.",
  ),
  "ESOB-E104": record(
    1,
    "A key is empty in the Secret",
    "kubectl get secret NAME -o jsonpath='{.data}'",
    "Give it a value in Infisical, or set allowEmpty: true.",
  ),
  "ESOB-E105": record(
    1,
    "A key is not in Infisical",
    "The names that exist are listed.",
    "Correct the name under keys, or create it in Infisical.",
  ),
} as const satisfies Record<string, CodeRecord>;

/** A stable code, as `ESOB-I201`. */
export type Code = keyof typeof CODES;
