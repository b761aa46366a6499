/** An error as Amazon MWAA answers it: its name, HTTP status and the members of its body. */
export class MwaaError extends Error {
  readonly status: number;
  readonly body: Record<string, unknown>;

  constructor(name: string, status: number, body: Record<string, unknown>) {
    super(`${name}: ${JSON.stringify(body)}`);
    this.name = name;
    this.status = status;
    this.body = body;
  }
}

export const validation = (message: string): MwaaError => new MwaaError('ValidationException', 400, { message });

export const notFound = (name: string): MwaaError =>
  new MwaaError('ResourceNotFoundException', 404, { message: `Environment with name '${name}' not found.` });

// The model spells this one with a capital.
export const accessDenied = (Message: string): MwaaError => new MwaaError('AccessDeniedException', 403, { Message });

export const throttling = (): MwaaError => new MwaaError('ThrottlingException', 429, { message: 'Rate exceeded' });

export const internalServer = (message: string): MwaaError =>
  new MwaaError('InternalServerException', 500, { message });

export const serviceUnavailable = (message: string): MwaaError =>
  new MwaaError('ServiceUnavailableException', 503, { message });

/** Airflow's own answer, wrapped: HTTP 400 for both kinds, the real status inside. */
export function restApiError(RestApiStatusCode: number, RestApiResponse: unknown): MwaaError {
  const name = RestApiStatusCode < 500 ? 'RestApiClientException' : 'RestApiServerException';
  return new MwaaError(name, 400, { RestApiStatusCode, RestApiResponse });
}
