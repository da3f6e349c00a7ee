import type { Code } from "../codes.ts";
import type { CheckResult } from "../engine/check.ts";
import { isOfEso } from "./retry.ts";

/** What `doctor --fix` may do: each part restores something of ours that is known to have been right. */
export type Part =
  /** The reviewer's ServiceAccount, role, binding and token Secret. */
  | "reviewer"
  /** Role and membership of an identity of ours. */
  | "rights"
  /** Kubernetes Auth of an identity of ours: address, CA, reviewer, allow-lists, lifetimes. */
  | "auth"
  /** Universal Auth that is left over on an identity of ours. */
  | "ways"
  /** The store, its CA and the Secret with the identity's id. */
  | "store"
  | "secret"
  /** ESO is told to look again. */
  | "poke";

/**
 * Codes with a safe fix. What has none here wants somebody's judgement: it makes what was never there, deletes, replaces what
 * others made, or is mended outside.
 */
const SAFE: Partial<Record<Code, readonly Part[]>> = {
  "ESOB-R201": ["reviewer", "auth"],
  "ESOB-R202": ["reviewer"],
  "ESOB-R203": ["reviewer"],
  "ESOB-R204": ["reviewer"],
  "ESOB-R205": ["reviewer", "auth"],
  "ESOB-R215": ["reviewer"],
  "ESOB-R102": ["reviewer", "auth"],
  "ESOB-R103": ["reviewer", "auth"],
  "ESOB-R208": ["auth"],
  "ESOB-R209": ["auth"],
  "ESOB-R210": ["auth"],
  "ESOB-R212": ["auth"],
  "ESOB-R216": ["auth"],
  "ESOB-R110": ["auth"],
  "ESOB-R111": ["auth"],
  "ESOB-R112": ["auth"],
  "ESOB-R113": ["auth"],
  "ESOB-I323": ["auth"],
  "ESOB-I324": ["auth"],
  "ESOB-I325": ["auth"],
  "ESOB-I326": ["auth"],
  "ESOB-I327": ["auth"],
  "ESOB-I328": ["auth"],
  "ESOB-I330": ["ways"],
  "ESOB-I332": ["rights"],
  "ESOB-I333": ["rights"],
  "ESOB-R119": ["rights"],
  "ESOB-R222": ["rights"],
  "ESOB-S201": ["store"],
  "ESOB-S202": ["store"],
  "ESOB-S203": ["store"],
  "ESOB-S204": ["store"],
  "ESOB-S205": ["store"],
  "ESOB-S206": ["store"],
  "ESOB-S207": ["store"],
  "ESOB-S208": ["store"],
  "ESOB-S209": ["store"],
  "ESOB-S213": ["store"],
  "ESOB-S214": ["store"],
  "ESOB-S215": ["store"],
  "ESOB-S216": ["store"],
  "ESOB-S217": ["store"],
  "ESOB-S218": ["store"],
  "ESOB-S219": ["store"],
  "ESOB-S220": ["store"],
  "ESOB-S222": ["store"],
  "ESOB-S224": ["store"],
  "ESOB-S225": ["store"],
  "ESOB-S227": ["store"],
  "ESOB-I201": ["store"],
  "ESOB-I202": ["store"],
  "ESOB-I203": ["store"],
  "ESOB-I204": ["store"],
  "ESOB-I322": ["store"],
  "ESOB-E103": ["secret", "poke"],
  "ESOB-E105": ["secret"],
  "ESOB-E202": ["secret"],
  "ESOB-E205": ["secret"],
  "ESOB-E210": ["secret"],
  "ESOB-E211": ["secret"],
  "ESOB-E217": ["secret"],
  "ESOB-E228": ["secret"],
  "ESOB-E229": ["secret"],
  "ESOB-S101": ["poke"],
  "ESOB-E101": ["poke"],
  "ESOB-E212": ["poke"],
  "ESOB-E216": ["poke"],
  "ESOB-E218": ["poke"],
  "ESOB-E219": ["poke"],
  "ESOB-E222": ["poke"],
  "ESOB-E223": ["poke"],
};

/** A finding with what may be done about its cause. */
export interface SafeFix {
  readonly result: CheckResult;
  readonly parts: readonly Part[];
}

/** The findings that have a safe fix; what only follows from such a cause is looked at again by ESO. */
export function safeFixes(results: readonly CheckResult[]): SafeFix[] {
  return results.flatMap((result) => {
    const { status, code, follows } = result;
    if (status !== "fail" && status !== "warn") return [];
    if (follows !== undefined && follows !== code)
      return SAFE[follows] && isOfEso(result) ? [{ result, parts: ["poke"] }] : [];
    const parts = SAFE[code];
    // What somebody added has to be taken away by hand.
    return parts && result.fix?.command?.startsWith("kubectl patch") !== true ? [{ result, parts }] : [];
  });
}
