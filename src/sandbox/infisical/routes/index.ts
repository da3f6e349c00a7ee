/** All routes of both generations. */

import type { Route } from "../router.ts";
import { authRoutes } from "./auth.ts";
import { environmentRoutes } from "./environments.ts";
import { folderRoutes } from "./folders.ts";
import { identityRoutes } from "./identities.ts";
import { kubernetesAuthRoutes } from "./kubernetes-auth.ts";
import { membershipRoutes } from "./memberships.ts";
import { privilegeRoutes } from "./privileges.ts";
import { projectIdentityRoutes } from "./project-identities.ts";
import { projectRoutes } from "./projects.ts";
import { roleRoutes } from "./roles.ts";
import { secretRoutes } from "./secrets.ts";
import { universalAuthRoutes } from "./universal-auth.ts";

export const routes: readonly Route[] = [
  ...authRoutes,
  ...universalAuthRoutes,
  ...kubernetesAuthRoutes,
  ...identityRoutes,
  ...projectIdentityRoutes,
  ...projectRoutes,
  ...environmentRoutes,
  ...folderRoutes,
  ...roleRoutes,
  ...membershipRoutes,
  ...privilegeRoutes,
  ...secretRoutes,
];
