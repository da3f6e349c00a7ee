import type { Check } from "../../engine/check.ts";
import type { RoadContext } from "../../steps/context.ts";
import { proveLogin } from "../../steps/reviewer-login.ts";

/** After a rotation, or where none was due: whoever holds a token of the reviewer lets ESO in. */
export function rotationChecks({ desired }: RoadContext): Check<RoadContext>[] {
  if (desired.reviewer.mode === "self") return [];
  const { namespace, serviceAccount: name } = desired.reviewer;
  return [
    {
      id: "reviewer-users",
      code: "ESOB-R115",
      category: "login",
      title: "ESO can log in with every identity that holds the reviewer's token",
      severity: "error",
      subject: { kind: "ServiceAccount", namespace, name },
      run: async (context) => {
        const { users } = await context.facts.reviewerUsers();
        const skipped: string[] = [];
        for (const user of users) {
          const { because } = await proveLogin(context, user);
          if (because !== undefined) skipped.push(because);
        }
        const [because = "no identity holds its token"] = skipped;
        if (skipped.length > 0 || users.length === 0) return { status: "skip", because };
        return { status: "pass", evidence: users.map(({ identity }) => identity.name).join(", ") };
      },
    },
  ];
}
