import { z } from 'zod';
import { instant, parseStored, versioned } from './stored-json.ts';

const fence = z.object({
  epoch: z.int(),
  at: instant,
  grade: z.enum(['stopped', 'paused']),
  startedBefore: z.array(
    z.object({
      dagId: z.string(),
      runId: z.string(),
      taskId: z.string(),
      mapIndex: z.int(),
      startedAt: instant.nullable(),
    }),
  ),
  stopped: z.int(),
});

const heartbeat = z.object({
  ...versioned,
  deployment: z.string(),
  site: z.string(),
  environment: z.string(),
  at: instant,
  airflowVersion: z.string(),
  role: z.enum(['active', 'standby']),
  epoch: z.int(),
  peer: z.object({
    read: z.enum(['good', 'denied', 'throttled', 'dark', 'missing']),
    epoch: z.int().nullish(),
    at: instant.nullish(),
  }),
  hold: z.object({
    installed: z.boolean(),
    held: z.boolean(),
    unpausedUserDags: z.int(),
    liveUserRuns: z.int(),
    userDags: z.int(),
  }),
  fence: fence.nullable(),
  snapshot: z.object({ newest: z.string().nullable(), takenAt: instant.nullable() }).nullish(),
  bundle: z.string().nullish(),
  dbAccess: z.string().nullish(),
});

/** One beat of a site's canary. */
export type Heartbeat = Readonly<z.infer<typeof heartbeat>>;

/** Throws `MDR-CONTROL-INVALID`. */
export const parseHeartbeat = (body: Uint8Array, where: string): Heartbeat =>
  parseStored(heartbeat, body, where, 'MDR-CONTROL-INVALID');
