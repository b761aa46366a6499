import { z } from 'zod';
import { instant, parseStored, versioned } from './stored-json.ts';

const fence = z.object({
  epoch: z.int(),
  grade: z.enum(['stopped', 'paused']),
  at: instant.optional().catch(undefined),
});

const heartbeat = z.object({
  ...versioned,
  deployment: z.string(),
  site: z.string(),
  at: instant,
  /** `null`, as is the epoch, until the canary could read a control record. */
  role: z.enum(['active', 'standby']).nullable(),
  epoch: z.int().nullable(),
  hold: z.object({
    installed: z.boolean(),
    held: z.boolean(),
    unpausedUserDags: z.int(),
    liveUserRuns: z.int(),
    userDags: z.int().optional(),
    /** Ids of the DAGs that somebody keeps unpaused at a standby, the first hundred. Older canaries do not say. */
    unpaused: z.array(z.string()).optional(),
    /** What the canary made in the database and could not give to the owner of `dag`. Older canaries do not say. */
    foreign: z.array(z.string()).optional(),
  }),
  fence: fence.nullable(),
  /**
   * DAGs of the move that its files have not brought yet, and which of them were not paused before it: of both the first
   * hundred by name. Older canaries say nothing of the latter.
   */
  late: z
    .object({
      total: z.int(),
      dags: z.array(z.string()),
      unpausedTotal: z.int().default(0),
      unpaused: z.array(z.string()).default([]),
    })
    .optional(),
  /** The way into the metadata database that the canary found; `null` = none. */
  dbAccess: z.string().nullish(),
  /** How the canary fared with the control record of the other site, and with both. Older canaries do not say. */
  peer: z.object({ read: z.string(), epoch: z.int().nullish() }).nullish().catch(undefined),
  control: z.object({ own: z.string() }).nullish().catch(undefined),
});

/** One beat of a site's canary: as much of it as the action reads. */
export type Heartbeat = Readonly<z.infer<typeof heartbeat>>;

/** A beat and its age by the clock of the S3 that holds it: neither the worker's clock nor ours is asked. */
export type StoredBeat = Heartbeat & { readonly ageMilliseconds: number };

/** Throws `MDR-CONTROL-INVALID`. */
export const parseHeartbeat = (body: Uint8Array, where: string): Heartbeat =>
  parseStored(heartbeat, body, where, 'MDR-CONTROL-INVALID');
