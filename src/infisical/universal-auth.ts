import { wordsOf, type Answer } from "./answers.ts";
import { COMMON } from "./eras.ts";
import type { Infisical } from "./infisical.ts";
import { isUuid } from "./organization.ts";
import { isAbsent, type Session } from "./session.ts";

type Operations = Pick<Infisical, "hasUniversalAuth" | "removeUniversalAuth">;

/** Both eras answer 400, not 404, where there is none (infisical-api.md 1.4, recorded). */
const hasNone = (answer: Answer) =>
  isAbsent(answer) || /does not have universal auth/i.test(wordsOf(answer).message);

/** Universal Auth of an identity: seen and removed, never given. */
export function universalAuthOperations(session: Session): Operations {
  const hasUniversalAuth = async (identityId: string) => {
    if (!isUuid(identityId)) return false;
    const body = await session.readAt([COMMON.universalAuth], {
      doing: `read the Universal Auth of identity ${identityId}`,
      params: { identityId },
      absent: hasNone,
    });
    return body !== undefined;
  };

  const removeUniversalAuth = async (identityId: string) => {
    await session.writeAt([COMMON.removeUniversalAuth], {
      doing: `remove Universal Auth from identity ${identityId}`,
      params: { identityId },
      landed: async () => !(await hasUniversalAuth(identityId)),
      already: hasNone,
    });
  };

  return { hasUniversalAuth, removeUniversalAuth };
}
