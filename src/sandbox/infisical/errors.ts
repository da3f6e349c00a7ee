/** The error answers of an Infisical server: one class, one constructor function per kind, one body renderer. */

import type { Era } from "./generations.ts";
import type { Issue } from "./validation.ts";

/** An answer other than 200. `error` is the server's error name, `message` its text or the Zod issues. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly error: string;
  readonly body: string | readonly Issue[];
  readonly details: unknown;

  constructor(status: number, error: string, body: string | readonly Issue[], details?: unknown) {
    super(typeof body === "string" ? body : error);
    this.status = status;
    this.error = error;
    this.body = body;
    this.details = details;
  }
}

/** The server hangs up without an answer (E0 when the API server stays silent, 10.3). */
export class DroppedConnection extends Error {
  override readonly name = "DroppedConnection";
}

export const badRequest = (message: string, error = "BadRequest") => new ApiError(400, error, message);
export const unauthorized = (message: string, error = "UnauthorizedError") =>
  new ApiError(401, error, message);
export const forbidden = (
  message = "You are not allowed to access this resource",
  error = "ForbiddenError",
) => new ApiError(403, error, message);
export const notFound = (message: string, error = "NotFound") => new ApiError(404, error, message);

/** A failure inside the server: database errors carry the name of the operation (E0: `FindByOrgId`). */
export const serverError = (error = "InternalServerError") =>
  new ApiError(500, error, "Something went wrong");

/** A denial of the permission layer; `details` lists the actor's rules after E0. */
export const permissionDenied = (action: string, subject: string, rules: unknown) =>
  new ApiError(403, "PermissionDenied", `You are not allowed to ${action} on ${subject}`, rules);

/** The JSON body of an error in one era. */
export function renderError(error: ApiError, era: Era, requestId: string): Record<string, unknown> {
  const withDetails = error.error !== "PermissionDenied" || era.hasPermissionDetails;
  return {
    ...(era.hasRequestId ? { reqId: requestId } : {}),
    statusCode: error.status,
    message: error.body,
    error: error.error,
    ...(error.details !== undefined && withDetails ? { details: error.details } : {}),
  };
}
