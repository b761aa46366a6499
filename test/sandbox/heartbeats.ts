import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { PutMetricDataCommand, type CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { freePort } from './waiting.ts';

const HEARTBEAT = /^airflow\.scheduler_heartbeat:(\d+)\|c/m;

/** Turns Airflow's own statsd heartbeat into the metric that MWAA publishes; Airflow knows nothing of CloudWatch. */
export class Heartbeats {
  readonly port: number;
  readonly #socket: Socket;

  private constructor(port: number, socket: Socket) {
    this.port = port;
    this.#socket = socket;
  }

  /** `isReachable`: a lost Region's CloudWatch takes no metrics. */
  static async listen(
    cloudWatch: CloudWatchClient,
    environment: string,
    isReachable: () => boolean,
  ): Promise<Heartbeats> {
    const socket = createSocket('udp4');
    const port = await freePort();
    socket.on('message', (datagram) => {
      const beats = Number(HEARTBEAT.exec(datagram.toString())?.[1] ?? 0);
      // Losing one is part of the protocol: statsd is UDP.
      if (beats > 0 && isReachable()) cloudWatch.send(heartbeat(environment, beats)).catch(() => undefined);
    });
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return new Heartbeats(port, socket);
  }

  async stop(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

function heartbeat(environment: string, beats: number): PutMetricDataCommand {
  const Dimensions = [
    { Name: 'Function', Value: 'Scheduler' },
    { Name: 'Environment', Value: environment },
  ];
  const datum = {
    MetricName: 'SchedulerHeartbeat',
    Dimensions,
    Timestamp: new Date(),
    Value: beats,
    Unit: 'Count' as const,
  };
  return new PutMetricDataCommand({ Namespace: 'AmazonMWAA', MetricData: [datum] });
}
