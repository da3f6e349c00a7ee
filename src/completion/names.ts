/** For which there is a script. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** Names that are looked up when somebody presses Tab (sources.ts). `files`, `folders`: by the shell itself. */
export type NameKind =
  | "contexts"
  | "namespaces"
  | "stores"
  | "secrets"
  /** What `sync` and `doctor` take as a name. */
  | "synced"
  | "judged"
  | "keys"
  | "codes"
  | "checks"
  | "breakages"
  | "files"
  | "folders";

/** What a word of the command line may be: one of a few words, or a name of some kind. */
export type Names = NameKind | readonly string[];
