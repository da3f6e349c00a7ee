import type { OperatorCredential } from "../infisical/infisical.ts";
import { FIELDS } from "../inputs/fields.ts";
import { CLOUD_HOSTS, readHost } from "../inputs/host.ts";
import { Secret } from "../secret.ts";
import type { Choice } from "../system/system.ts";
import { accepts, both, messageOf, untilAccepted } from "./asking.ts";
import { findByAnyName, visibleProjects } from "./projects.ts";
import type { Question, Wizard } from "./question.ts";

const { infisical, store } = FIELDS;

/** Codes of a wrong address: another one may be right. */
const WRONG_HOST = /^ESOB-I(101|102|103|111|113|117)$/;
/** Codes of a wrong credential. Not I106: each further attempt would lock the identity for longer. */
const WRONG_LOGIN = /^ESOB-I(105|107|108|112|118)$/;

/** Which Infisical; it must answer. */
export const hostQuestion: Question = {
  field: infisical.host.key,
  isNeeded: false,
  async ask(wizard) {
    const host = await untilAccepted(
      wizard,
      (code) => WRONG_HOST.test(code),
      async () => {
        const chosen = await askHost(wizard);
        await (await wizard.deps.infisical(chosen, undefined)).status();
        return chosen;
      },
    );
    return { values: { [this.field]: host } };
  },
};

async function askHost(wizard: Wizard): Promise<string> {
  const { prompt } = wizard.deps;
  const remembered = wizard.remembered(infisical.host.key);
  const clouds = Object.entries(CLOUD_HOSTS).map(([name, host]) => ({
    value: host,
    name: `${name} · ${host}`,
  }));
  const own: Choice<string> = { value: "", name: "a server of my own" };
  const isCloud = clouds.some(({ value }) => value === remembered);
  const chosen = await prompt.choose({
    message: messageOf(infisical.host),
    choices: [...clouds, own],
    ...(remembered !== undefined && { default: isCloud ? remembered : own.value }),
  });
  if (chosen !== own.value) return chosen;
  const typed = await prompt.text({
    message: "Address of your Infisical",
    ...(remembered !== undefined && !isCloud && { default: remembered }),
    validate: accepts(infisical.host.type),
  });
  const read = readHost(typed);
  return "host" in read ? read.host : typed;
}

/** Who we are at Infisical. Hidden, kept in memory only, and tried at once. */
export const loginQuestion: Question = {
  field: "credential",
  isNeeded: true,
  async ask(wizard) {
    let clientId: string | undefined;
    const credential = await untilAccepted(
      wizard,
      (code) => WRONG_LOGIN.test(code),
      async () => {
        const typed = await askCredential(wizard, clientId);
        if (typed.kind === "universal-auth") clientId = typed.clientId;
        await (await wizard.deps.infisical(wizard.live.host, typed)).whoAmI();
        return typed;
      },
    );
    return { credential };
  },
};

async function askCredential({ deps }: Wizard, clientId: string | undefined): Promise<OperatorCredential> {
  const { prompt } = deps;
  const kind = await prompt.choose<"universal-auth" | "token">({
    message: "Log in with",
    choices: [
      {
        value: "universal-auth",
        name: "Universal Auth (recommended)",
        description: "Client id and secret of a machine identity that may administer the project.",
      },
      { value: "token", name: "an access token", description: "As INFISICAL_TOKEN holds it." },
    ],
    default: "universal-auth",
  });
  const hidden = async (message: string) => {
    const validate = (answer: string) => answer.trim() !== "" || "nothing was typed";
    // What comes from a clipboard often brings spaces along; credentials have none.
    return new Secret((await prompt.hidden({ message, validate })).reveal().trim());
  };
  if (kind === "token") return { kind, token: await hidden("Access token") };
  const id = await prompt.text({
    message: "Client id",
    ...(clientId !== undefined && { default: clientId }),
    validate: (answer) => answer !== "" || "nothing was typed",
  });
  return { kind, clientId: id, clientSecret: await hidden("Client secret") };
}

/** Which project: one that the operator sees, one by slug or name, or a new one. */
export const projectQuestion: Question = {
  field: infisical.project.key,
  isNeeded: true,
  when: (wizard) => wizard.value(store.project.key) === undefined,
  async ask(wizard) {
    const { prompt } = wizard.deps;
    const server = await wizard.live.infisical();
    const projects = await visibleProjects(server);
    const remembered = wizard.remembered(this.field);
    const choices: Choice<Picked>[] = projects.map(({ slug, name }) => ({
      value: slug,
      name: name.toLowerCase() === slug ? slug : `${slug}  (${name})`,
    }));
    choices.push(
      { value: TYPE, name: "another: type its slug or name" },
      { value: NEW, name: "a new project" },
    );
    const preset = projects.find(({ slug }) => slug === remembered)?.slug;
    const picked = await prompt.choose({
      message: messageOf(infisical.project),
      choices,
      ...(preset !== undefined && { default: preset }),
    });
    if (picked === NEW)
      return { values: { [this.field]: await newProject(wizard), [infisical.create.key]: true } };
    if (picked !== TYPE) return { values: { [this.field]: picked } };
    const typed = await prompt.text({
      message: "Slug or name of the project",
      validate: async (answer) =>
        (await findByAnyName(server, answer)) !== undefined ||
        `there is no project "${answer}" that you may see`,
    });
    const found = await findByAnyName(server, typed);
    return { values: { [this.field]: found?.slug ?? typed } };
  },
};

const NEW = Symbol("new");
const TYPE = Symbol("type");
type Picked = string | typeof NEW | typeof TYPE;

/** The slug is ours to choose, so that it is the same on every run. */
async function newProject({ deps, live }: Wizard): Promise<string> {
  const server = await live.infisical();
  return deps.prompt.text({
    message: "Slug of the new project",
    validate: both(accepts(FIELDS.cluster.name.type), async (slug) => {
      const taken = await server.findProject(slug);
      return taken === undefined || `project ${slug} is there already`;
    }),
  });
}

/** Environments that Infisical gives every new project. */
const FIRST_ENVIRONMENTS = ["dev", "staging", "prod"];

/** Which environment: one of the project's, or a new one. */
export const environmentQuestion: Question = {
  field: store.environment.key,
  isNeeded: true,
  async ask(wizard) {
    const { prompt } = wizard.deps;
    const project = await wizard.live.project();
    const slugs = project ? project.environments.map(({ slug }) => slug) : FIRST_ENVIRONMENTS;
    const remembered = wizard.remembered(this.field);
    const picked = await prompt.choose<Picked>({
      message: messageOf(store.environment),
      choices: [
        ...slugs.map((slug) => ({ value: slug, name: environmentName(slug, project?.environments) })),
        { value: NEW, name: "a new environment" },
      ],
      ...(remembered !== undefined && slugs.includes(remembered) && { default: remembered }),
    });
    if (typeof picked === "string") return { values: { [this.field]: picked } };
    const slug = await prompt.text({
      message: "Slug of the new environment",
      validate: accepts(FIELDS.cluster.name.type),
    });
    return { values: { [this.field]: slug, ...(!slugs.includes(slug) && { [infisical.create.key]: true }) } };
  },
};

function environmentName(slug: string, known: readonly { slug: string; name: string }[] | undefined): string {
  const name = known?.find((environment) => environment.slug === slug)?.name ?? slug;
  return name.toLowerCase() === slug ? slug : `${slug}  (${name})`;
}
