import { CloudWatchClient, GetMetricDataCommand, type GetMetricDataCommandOutput } from '@aws-sdk/client-cloudwatch';
import { AwsFault } from '../domain/faults.ts';
import type { MetricQuery, Metrics } from '../domain/ports.ts';
import { call } from './call.ts';
import { clientConfig, type AwsSession } from './session.ts';

const HOUR = 3_600;

interface Window {
  /** Seconds. */
  readonly period: number;
  /** Milliseconds, on a boundary of the period. */
  readonly start: number;
  readonly end: number;
}

/** https://docs.aws.amazon.com/mwaa/latest/userguide/access-metrics-cw.html: metrics of the scheduler. */
const heartbeatOf = (environment: string): MetricQuery => ({
  namespace: 'AmazonMWAA',
  metric: 'SchedulerHeartbeat',
  dimensions: { Environment: environment, Function: 'Scheduler' },
  statistic: 'Sum',
});

const asQuery = ({ namespace, metric, dimensions, statistic }: MetricQuery, index: number, period: number) => ({
  Id: `m${index}`,
  MetricStat: {
    Metric: {
      Namespace: namespace,
      MetricName: metric,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    },
    Period: period,
    Stat: statistic,
  },
});

/** The whole periods that end at or before `now`. */
function lastPeriods(periodSeconds: number, periods: number, now: number): Window {
  const period = periodSeconds * 1_000;
  const end = Math.floor(now / period) * period;
  return { period: periodSeconds, start: end - periods * period, end };
}

/** Values by start of period, in milliseconds. */
type Series = ReadonlyMap<number, number>;

const inOrder = (series: Series, { start, end, period }: Window): readonly (number | undefined)[] =>
  Array.from({ length: (end - start) / (period * 1_000) }, (_, index) => series.get(start + index * period * 1_000));

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

  async function ask(queries: readonly MetricQuery[], window: Window): Promise<readonly Series[]> {
    const series = queries.map(() => new Map<number, number>());
    let token: string | undefined;
    do {
      const page: GetMetricDataCommandOutput = await call(
        session,
        { service: 'cloudwatch', region, operation: 'GetMetricData' },
        async (abortSignal) => {
          const command = new GetMetricDataCommand({
            MetricDataQueries: queries.map((query, index) => asQuery(query, index, window.period)),
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
      for (const { Id = '', Timestamps = [], Values = [] } of page.MetricDataResults ?? [])
        Timestamps.forEach((time, index) => series[Number(Id.slice(1))]?.set(time.getTime(), Values[index] ?? 0));
      token = page.NextToken;
    } while (token !== undefined);
    return series;
  }

  return {
    region,
    async schedulerHeartbeats(environment, periodSeconds, periods, now) {
      const window = lastPeriods(periodSeconds, periods, now);
      const [beats] = await ask([heartbeatOf(environment)], window);
      return inOrder(beats ?? new Map(), window);
    },
    async values(queries, periodSeconds, periods, now) {
      const window = lastPeriods(periodSeconds, periods, now);
      return (await ask(queries, window)).map((series) => inOrder(series, window));
    },
    async schedulerHeartbeatExisted(environment, now) {
      const end = Math.ceil(now / (HOUR * 1_000)) * HOUR * 1_000;
      const [beats] = await ask([heartbeatOf(environment)], { period: HOUR, start: end - 25 * HOUR * 1_000, end });
      return (beats?.size ?? 0) > 0;
    },
  };
}
