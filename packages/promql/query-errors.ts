/**
 * What a query can fail with. The error type is the API's (`errorType` in the envelope); the texts equal
 * the original's.
 */

/** The API's names of the ways a query fails. */
export type QueryErrorType = "execution" | "timeout" | "canceled" | "bad_data";

/** A query that failed for a reason its author can understand. */
export class QueryError extends Error {
  override readonly name: string = "QueryError";
  readonly errorType: QueryErrorType;

  constructor(errorType: QueryErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.errorType = errorType;
  }
}

/** The evaluation itself failed: duplicates, invalid labels, something not supported. */
export class ExecutionError extends QueryError {
  override readonly name = "ExecutionError";

  constructor(message: string, options?: ErrorOptions) {
    super("execution", message, options);
  }
}

/** The query took longer than allowed. */
export class QueryTimeoutError extends QueryError {
  override readonly name = "QueryTimeoutError";

  constructor() {
    super("timeout", "query timed out in expression evaluation");
  }
}

/** Whoever asked has gone away. */
export class QueryCanceledError extends QueryError {
  override readonly name = "QueryCanceledError";

  constructor() {
    super("canceled", "query was canceled in expression evaluation");
  }
}

/** More samples at once than the configured limit. */
export class TooManySamplesError extends QueryError {
  override readonly name = "TooManySamplesError";

  constructor() {
    super("execution", "query processing would load too many samples into memory in query execution");
  }
}

/** Two elements of a vector came out with equal labels. */
export const sameLabelsetText = "vector cannot contain metrics with the same labelset";
