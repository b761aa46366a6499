import { AwsFault, type Service, type Unreadable } from '../domain/faults.ts';
import { harmless } from '../domain/service-words.ts';

/** What was called: goes into every fault. */
export interface CallName {
  readonly service: Service;
  readonly region: string;
  /** The API operation, as in `GetEnvironment`. */
  readonly operation: string;
}

const THROTTLED =
  /^(Throttl|RequestThrottled|TooManyRequests|SlowDown|RequestLimitExceeded|BandwidthLimitExceeded|ProvisionedThroughputExceeded|EC2Throttled|PriorRequestNotComplete)/;
/** Refusals of the request's signature or token; what AWS writes beside them can quote signed headers. */
const BAD_SIGNATURE =
  /^(ExpiredToken|InvalidClientTokenId|InvalidToken|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature|UnrecognizedClient|IncompleteSignature|MissingAuthenticationToken|AuthFailure|TokenRefreshRequired|InvalidIdentityToken|IDPRejectedClaim|CredentialsProviderError|TokenProviderError)/;
/** The observer's clock is wrong. The SDK corrects its offset from the reply, so that the second try can succeed. */
const CLOCK_SKEW = /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture)/;
const DENIED =
  /^(AccessDenied|AllAccessDisabled|AccountProblem|NotAuthorized|UnauthorizedAccess|Unauthorized|Forbidden|OptInRequired|RegionDisabled|NotSignedUp|AuthorizationError|KMS\.AccessDenied)/;
const DARK =
  /^(RequestTimeout|RequestTimeoutException|InternalError|InternalFailure|InternalServer|ServiceUnavailable|KMSInternal|KeyUnavailable|DependencyTimeout|RestApiServerException|TimeoutError|AbortError)/;

interface SdkError {
  name?: unknown;
  message?: unknown;
  /** Set by Node on socket, DNS and TLS errors. */
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number };
}

const statusOf = (error: SdkError): number | undefined =>
  error.$metadata?.httpStatusCode ?? error.$response?.statusCode ?? undefined;

/** The service's own code, or Node's for a call that got no reply, or the HTTP status when a reply had no body. */
function codeOf(error: SdkError): string {
  const status = statusOf(error);
  const name = typeof error.name === 'string' ? error.name : '';
  if (status === undefined && typeof error.code === 'string') return error.code;
  const generic =
    ['', 'Error', 'SyntaxError', 'Unknown', 'UnknownError', 'TypeError'].includes(name) || /^\d+$/.test(name);
  return generic && status !== undefined ? `HTTP ${status}` : name;
}

function qualityOf(error: SdkError, code: string): Unreadable | 'error' {
  const status = statusOf(error);
  if (THROTTLED.test(code) || status === 429) return 'throttled';
  if (BAD_SIGNATURE.test(code) || DENIED.test(code) || CLOCK_SKEW.test(code)) return 'denied';
  if (DARK.test(code)) return 'dark';
  if (status !== undefined) return status >= 500 ? 'dark' : status === 401 || status === 403 ? 'denied' : 'error';
  // No reply at all: Node's own codes (ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED, ERR_TLS_…).
  return typeof error.code === 'string' ? 'dark' : 'error';
}

/** What AWS said beside its code; empty when that adds nothing, or might quote what was signed. */
function wordsOf(error: SdkError, code: string): string {
  if (BAD_SIGNATURE.test(code) && code !== 'CredentialsProviderError') return '';
  const words = typeof error.message === 'string' ? harmless(error.message) : '';
  return words === code || error.name === 'SyntaxError' || words === 'UnknownError' ? '' : words;
}

/** Turns whatever an SDK call threw into the one error type of the ports. */
export function toFault(call: CallName, error: unknown): AwsFault {
  if (error instanceof AwsFault) return error;
  const sdkError: SdkError = typeof error === 'object' && error !== null ? error : { message: String(error) };
  const code = codeOf(sdkError) || 'Error';
  // No `cause`: an SDK error carries the signed request and the whole reply.
  return new AwsFault({
    ...call,
    quality: qualityOf(sdkError, code),
    awsCode: code,
    message: wordsOf(sdkError, code) || `${call.operation} in ${call.region} failed with ${code}`,
  });
}

/** Whether a second try can end differently. */
export const worthRetrying = (fault: AwsFault): boolean =>
  fault.quality === 'dark' || fault.quality === 'throttled' || CLOCK_SKEW.test(fault.awsCode);
