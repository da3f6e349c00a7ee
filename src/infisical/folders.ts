import type { Infisical, SecretScope } from "./infisical.ts";
import { fieldsOf, needItems, needText } from "./json.ts";
import type { Params, Session } from "./session.ts";

type Operations = Pick<Infisical, "listFolders" | "folderExists" | "createFolder">;

/** Folders. A path that is missing has none: servers answer it with `[]`, a missing environment with 404 (1.2). */
export function folderOperations(session: Session): Operations {
  async function listFolders(scope: SecretScope): Promise<readonly string[]> {
    const body = await session.read("listFolders", {
      doing: `list the folders of ${inWords(scope)}`,
      params: paramsOf(scope),
    });
    if (body === undefined) return [];
    const folders = needItems(fieldsOf(body)["folders"], "folders");
    return folders.map((folder) => needText(fieldsOf(folder)["name"], "folder name"));
  }

  async function folderExists(scope: SecretScope): Promise<boolean> {
    const { parent, name } = splitPath(scope.path);
    if (name === "") return true;
    return (await listFolders({ ...scope, path: parent })).includes(name);
  }

  async function createFolder(scope: SecretScope): Promise<void> {
    const { parent, name } = splitPath(scope.path);
    if (name === "") return;
    await session.write("createFolder", {
      doing: `create the folder ${inWords(scope)}`,
      body: { ...projectKeys(scope), environment: scope.environment, path: parent, name },
      landed: () => folderExists(scope),
    });
  }

  return { listFolders, folderExists, createFolder };
}

/** `prod:/shop of shop`, for messages. */
export const inWords = ({ project, environment, path }: SecretScope) =>
  `${environment}:${path} of ${project.slug}`;

export const paramsOf = ({ project, environment, path }: SecretScope): Params => ({
  projectId: project.id,
  environment,
  path,
});

/** Newer routes want `projectId`, older ones `workspaceId`; each strips the key that it does not know. */
export const projectKeys = ({ project }: SecretScope) => ({ projectId: project.id, workspaceId: project.id });

function splitPath(path: string): { parent: string; name: string } {
  const parts = path.split("/").filter((part) => part !== "");
  return { parent: `/${parts.slice(0, -1).join("/")}`, name: parts.at(-1) ?? "" };
}
