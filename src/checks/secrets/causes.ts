import { find, oneLine, storeCause, type Cause, type CauseRow } from "../causes.ts";

/** What ESO says of an ExternalSecret that does not sync (eso.md 3.2, 5.4). */
export const SECRET_CAUSES: readonly CauseRow[] = [
  { code: "ESOB-E222", says: /store \S+ is not ready|SecretStore "[^"]*" is not ready/i },
  { code: "ESOB-E203", says: /is not allowed from namespace .*denied by spec\.condition/ },
  { code: "ESOB-E202", says: /could not get (Cluster)?SecretStore|secretstores?\S* "[^"]*" not found/i },
  { code: "ESOB-S222", says: /can not reference unmanaged store/ },
  { code: "ESOB-E226", says: /find by tags not supported/ },
  { code: "ESOB-E105", says: /err: Secret does not exist|secret does not exist at provider/ },
  { code: "ESOB-E205", says: /property .* does not exist in secret/ },
  { code: "ESOB-E206", says: /unable to unmarshal secret/ },
  { code: "ESOB-E208", says: /owned by another|failed to take ownership/ },
  { code: "ESOB-E209", says: /target is immutable|field is immutable when `?immutable/ },
  { code: "ESOB-E225", says: /invalid secret keys/ },
  {
    code: "ESOB-E228",
    says: /could not (apply|execute|parse) template|unable to (execute|parse) template|error templating/,
  },
  {
    code: "ESOB-E211",
    says: /deletionPolicy=\S+ must not be used|either data or dataFrom|duplicate secretKey|cannot be set at the same time|must be set to dataFrom|invalid generic target/,
  },
  {
    code: "ESOB-E224",
    says: /could not (update|delete|create) (orphaned )?secrets?|admission webhook .* denied|exceeded quota/,
  },
];

/** What ESO says although it calls the object ready: three of four such rows mean that there is no Secret (eso.md 3.2). */
export const READY_CAUSES: readonly CauseRow[] = [
  { code: "ESOB-E207", says: /secret retained due to DeletionPolicy=Retain/ },
  { code: "ESOB-E213", says: /secret deleted due to DeletionPolicy/ },
  { code: "ESOB-E210", says: /will not be created due to CreationPolicy=Merge/ },
];

/** The cause in an ExternalSecret's words: its own, else what Infisical said. */
export function secretCause(text: string): Cause | undefined {
  const code = find(SECRET_CAUSES, text);
  const inner = storeCause(text);
  if (code !== undefined && (code !== "ESOB-E224" || !inner)) return { code, words: oneLine(text) };
  return inner;
}
