import { BootstrapError, isBootstrapError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { inWords, paramsOf, projectKeys } from "./folders.ts";
import type { Infisical, SecretScope } from "./infisical.ts";
import { fieldsOf, needItems, needText, textOf } from "./json.ts";
import type { Session } from "./session.ts";

type Operations = Pick<Infisical, "listSecretNames" | "createSecret">;

/** Secrets. Values are dropped as soon as they are read, also where a server sends them unasked (10.1). */
export function secretOperations(session: Session): Operations {
  async function listSecretNames(scope: SecretScope): Promise<readonly string[]> {
    const body = await session.read("listSecrets", {
      doing: `list the names in ${inWords(scope)}`,
      params: paramsOf(scope),
    });
    return body === undefined ? [] : namesIn(fieldsOf(body)["secrets"]);
  }

  async function createSecret(
    scope: SecretScope,
    name: string,
    value: Secret,
  ): Promise<"created" | "awaiting-approval"> {
    const written = await session.write("createSecret", {
      doing: `create ${name} in ${inWords(scope)}`,
      params: { name },
      body: {
        ...projectKeys(scope),
        environment: scope.environment,
        secretPath: scope.path,
        secretValue: value.reveal(),
        type: "shared",
      },
      landed: () => holds(scope, name, value),
    });
    const { approval } = fieldsOf(written?.body);
    return approval === undefined ? "created" : "awaiting-approval";
  }

  /** True when the name has our value; another value was there before and is not overwritten. */
  async function holds(scope: SecretScope, name: string, value: Secret): Promise<boolean> {
    if (!(await listSecretNames(scope)).includes(name)) return false;
    const stored = await readValue(scope, name);
    if (stored === undefined || stored.reveal().trim() === value.reveal().trim()) return true;
    throw new BootstrapError("ESOB-I112", {
      message: `${name} exists in ${inWords(scope)} already, with another value.`,
    });
  }

  /** undefined where we may see the name only. */
  async function readValue(scope: SecretScope, name: string): Promise<Secret | undefined> {
    try {
      const body = await session.read("getSecret", {
        doing: `look for ${name} in ${inWords(scope)}`,
        params: { ...paramsOf(scope), name },
      });
      const { secretValue, secretValueHidden } = fieldsOf(fieldsOf(body)["secret"]);
      const isVisible = secretValueHidden !== true && textOf(secretValue) !== undefined;
      return isVisible ? new Secret(textOf(secretValue) ?? "") : undefined;
    } catch (error) {
      if (isBootstrapError(error) && error.code === "ESOB-I109") return undefined;
      throw error;
    }
  }

  return { listSecretNames, createSecret };
}

/** The names in a list of secrets, each once. */
export function namesIn(secrets: unknown): string[] {
  const names = needItems(secrets, "secrets").map((secret) =>
    needText(fieldsOf(secret)["secretKey"], "secretKey"),
  );
  return [...new Set(names)];
}
