import { CloudWatchClient, GetMetricDataCommand, type GetMetricDataCommandOutput } from '@aws-sdk/client-cloudwatch';
import { AwsFault } from '../domain/faults.ts';
import type { Metrics } from '../domain/ports.ts';
import { call } from './call.ts';
import { clientConfig, type AwsSession } from './session.ts';

const HOUR = 3_600;

interface Window {
  readonly environment: string;
  /** Seconds. */
  readonly period: number;
  /** Milliseconds, on a boundary of the period. */
  readonly start: number;
  readonly end: number;
}

/** https://docs.aws.amazon.com/mwaa/latest/userguide/access-metrics-cw.html: metrics of the scheduler. */
const query = ({ environment, period }: Window) => ({
  Id: 'heartbeats',
  MetricStat: {
    Metric: {
      Namespace: 'AmazonMWAA',
      MetricName: 'SchedulerHeartbeat',
      Dimensions: [
        { Name: 'Environment', Value: environment },
        { Name: 'Function', Value: 'Scheduler' },
      ],
    },
    Period: period,
    Stat: 'Sum',
  },
});

/** A result can fail inside a reply that is a success. */
function refuseFailedResult(region: string, status: string | undefined): void {
  if (status !== 'Forbidden' && status !== 'InternalError') return;
  throw new AwsFault({
    quality: status === 'Forbidden' ? 'denied' : 'dark',
    service: 'cloudwatch',
    region,
    operation: 'GetMetricData',
    awsCode: status,
    message: `GetMetricData in ${region} answered the query with ${status}`,
  });
}

/** CloudWatch of one Region. */
export function createMetrics(session: AwsSession, region: string): Metrics {
  const client = new CloudWatchClient(clientConfig(session, region));

  /** Sum by start of period, in milliseconds. */
  async function sums(window: Window): Promise<Map<number, number>> {
    const byTime = new Map<number, number>();
    let token: string | undefined;
    do {
      const page: GetMetricDataCommandOutput = await call(
        session,
        { service: 'cloudwatch', region, operation: 'GetMetricData' },
        async (abortSignal) => {
          const command = new GetMetricDataCommand({
            MetricDataQueries: [query(window)],
            StartTime: new Date(window.start),
            EndTime: new Date(window.end),
            ScanBy: 'TimestampAscending',
            NextToken: token,
          });
          const output = await client.send(command, { abortSignal });
          for (const result of output.MetricDataResults ?? []) refuseFailedResult(region, result.StatusCode);
          return output;
        },
      );
      for (const { Timestamps = [], Values = [] } of page.MetricDataResults ?? [])
        Timestamps.forEach((time, index) => byTime.set(time.getTime(), Values[index] ?? 0));
      token = page.NextToken;
    } while (token !== undefined);
    return byTime;
  }

  return {
    region,
    async schedulerHeartbeats(environment, periodSeconds, periods, now) {
      const period = periodSeconds * 1_000;
      const end = Math.floor(now / period) * period;
      const start = end - periods * period;
      const byTime = await sums({ environment, period: periodSeconds, start, end });
      return Array.from({ length: periods }, (_, index) => byTime.get(start + index * period));
    },
    async schedulerHeartbeatExisted(environment, now) {
      const end = Math.ceil(now / (HOUR * 1_000)) * HOUR * 1_000;
      return (await sums({ environment, period: HOUR, start: end - 25 * HOUR * 1_000, end })).size > 0;
    },
  };
}
