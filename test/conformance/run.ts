import { request, type RawAnswer } from "../helpers/kubernetes-request.ts";
import { CASES, type Case } from "./cases.ts";

/** Who asks: texts of kubeconfigs. */
export interface Users {
  readonly admin: string;
  readonly bob: string;
}

export interface Outcome {
  readonly asked: Case;
  readonly answer: RawAnswer;
}

/** All cases in their order against one API server. A kind that was just defined may need a moment. */
export async function runCases(users: Users): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const asked of CASES) outcomes.push({ asked, answer: await ask(asked, users) });
  return outcomes;
}

async function ask(
  { method, path, body, type, accept, user, status }: Case,
  users: Users,
): Promise<RawAnswer> {
  const send = () =>
    request(users[user ?? "admin"], method, path, body, type, {
      "user-agent": "conformance/1",
      ...(accept && { accept }),
    });
  let answer = await send();
  for (
    let tries = 0;
    tries < 50 && answer.status !== status && path.startsWith("/apis/conformance") && answer.status === 404;
    tries += 1
  ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await send();
  }
  return answer;
}
