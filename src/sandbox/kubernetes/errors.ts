import type { Json } from "./json.ts";

/** One `details.causes[]` entry. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** What a Status is about: the plural and group of a kind, and a name. */
export interface About {
  readonly group?: string;
  readonly plural: string;
  readonly name?: string;
  readonly uid?: string;
}

/** A refusal as the API server words it: kind `Status` (apimachinery, api/errors). */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: number;
  readonly reason: string;
  readonly details: Json | undefined;
  readonly metadata: Json;

  constructor(code: number, reason: string, message: string, details?: Json, metadata: Json = {}) {
    super(message);
    [this.code, this.reason, this.details, this.metadata] = [code, reason, details, metadata];
  }

  get body(): Json {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.metadata,
      status: "Failure",
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }
}

const detailsOf = ({ group, plural, name, uid }: About, more: Json = {}): Json => ({
  ...(name && { name }),
  ...(group && { group }),
  kind: plural,
  ...(uid && { uid }),
  ...more,
});

const called = ({ group, plural }: About): string => (group ? `${plural}.${group}` : plural);

export const notFound = (about: About): StatusError =>
  new StatusError(404, "NotFound", `${called(about)} "${about.name}" not found`, detailsOf(about));

export const alreadyExists = (about: About): StatusError =>
  new StatusError(409, "AlreadyExists", `${called(about)} "${about.name}" already exists`, detailsOf(about));

export const conflict = (about: About, why: string): StatusError =>
  new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${called(about)} "${about.name}": ${why}`,
    detailsOf(about),
  );

export const OUTDATED =
  "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(about: About, why: string, more: Json = {}): StatusError {
  const what = about.name ? `${called(about)} "${about.name}"` : called(about);
  return new StatusError(403, "Forbidden", `${what} is forbidden: ${why}`, detailsOf(about, more));
}

export const forbiddenPath = (why: string): StatusError =>
  new StatusError(403, "Forbidden", `forbidden: ${why}`, {});

export const badRequest = (message: string): StatusError => new StatusError(400, "BadRequest", message);

export const unauthorized = (): StatusError => new StatusError(401, "Unauthorized", "Unauthorized");

export const noSuchResource = (): StatusError =>
  new StatusError(404, "NotFound", "the server could not find the requested resource", {});

export const notAllowed = (): StatusError =>
  new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );

export const unsupportedMedia = (message: string): StatusError =>
  new StatusError(415, "UnsupportedMediaType", message);

export const expired = (message: string): StatusError => new StatusError(410, "Expired", message);

/** 422: what is wrong with the fields of an object; the message lists the causes as field.ErrorList does. */
export function invalid(kind: string, group: string, name: string, causes: readonly Cause[]): StatusError {
  const all = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  const [first = "", ...others] = all;
  const list = others.length === 0 ? first : `[${all.join(", ")}]`;
  const title = group ? `${kind}.${group}` : kind;
  return new StatusError(422, "Invalid", `${title} "${name}" is invalid: ${list}`, {
    ...(name && { name }),
    ...(group && { group }),
    kind,
    causes,
  });
}

/** How Go prints a value in an error: texts quoted, everything else as JSON. */
export const shown = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? "null");

/** The kinds of field errors and their words (apimachinery, util/validation/field/errors.go). */
export const cause = {
  required: (field: string, detail = ""): Cause => ({
    reason: "FieldValueRequired",
    message: detail ? `Required value: ${detail}` : "Required value",
    field,
  }),
  invalid: (field: string, value: unknown, detail: string): Cause => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${shown(value)}: ${detail}`,
    field,
  }),
  typeInvalid: (field: string, value: unknown, detail: string): Cause => ({
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: ${shown(value)}: ${detail}`,
    field,
  }),
  notSupported: (field: string, value: unknown, choices: readonly unknown[]): Cause => ({
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${choices.map(shown).join(", ")}`,
    field,
  }),
  duplicate: (field: string, value: unknown): Cause => ({
    reason: "FieldValueDuplicate",
    message: `Duplicate value: ${shown(value)}`,
    field,
  }),
  forbidden: (field: string, detail: string): Cause => ({
    reason: "FieldValueForbidden",
    message: `Forbidden: ${detail}`,
    field,
  }),
  tooLong: (field: string, most: number): Cause => ({
    reason: "FieldValueTooLong",
    message: `Too long: may not be more than ${most} bytes`,
    field,
  }),
};
