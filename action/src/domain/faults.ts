/**
 * Why something could not be read. `denied` and `throttled` are never evidence about a Region; `dark` is no
 * connection, a time-out or a 5xx.
 */
export type Unreadable = 'denied' | 'throttled' | 'dark';

export type Service =
  'airflow-api' | 'airflow-env' | 'cloudwatch' | 's3' | 'kms' | 'sts' | 'iam' | 'ec2' | 'servicequotas';

/** A call to AWS that failed for a reason that says nothing about the thing asked for. Adapters throw nothing else. */
export class AwsFault extends Error {
  readonly quality: Unreadable | 'error';
  readonly service: Service;
  readonly region: string;
  /** The API operation, as in `GetEnvironment`. */
  readonly operation: string;
  /** The service's own error code, as in `AccessDeniedException`. */
  readonly awsCode: string;

  constructor(fault: {
    quality: Unreadable | 'error';
    service: Service;
    region: string;
    operation: string;
    awsCode: string;
    message: string;
    cause?: unknown;
  }) {
    super(fault.message, { cause: fault.cause });
    this.name = 'AwsFault';
    this.quality = fault.quality;
    this.service = fault.service;
    this.region = fault.region;
    this.operation = fault.operation;
    this.awsCode = fault.awsCode;
  }
}
