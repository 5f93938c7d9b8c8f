/**
 * Errors of the HTTP API: a kind, which decides the status, and a text that clients see, equal to the
 * original's.
 */

import type { ApiErrorType } from "../query-messages.ts";

/** An answer of status "error". */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly errorType: ApiErrorType;

  constructor(errorType: ApiErrorType, message: string) {
    super(message);
    this.errorType = errorType;
  }
}

const statusOf: Readonly<Record<ApiErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  not_found: 404,
  not_acceptable: 406,
  unavailable: 500,
};

/** The HTTP status of an error. */
export function httpStatusOf(error: ApiError): number {
  return statusOf[error.errorType];
}

/** A parameter that is wrong, in the original's words. */
export function invalidParameter(name: string, why: string): ApiError {
  return new ApiError("bad_data", `invalid parameter ${JSON.stringify(name)}: ${why}`);
}
