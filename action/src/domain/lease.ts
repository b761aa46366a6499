import type { ControlRecord, Lease } from './control-record.ts';
import { iso, millis } from './stored-json.ts';

/** `date` is S3's clock in milliseconds, here and below: the runner's own is never compared with a lease. */
export const leaseRuns = (lease: Lease | null, date: number): lease is Lease =>
  lease !== null && millis(lease.expiresAt) > date && millis(lease.expiresAt) <= date + LONGEST_LEASE;

/** Milliseconds. No honest lease lies nearly as far ahead; one written by hand may not block for ever. */
const LONGEST_LEASE = 86_400_000;

export const newLease = (holder: string, nonce: string, purpose: string, date: number, seconds: number): Lease => ({
  holder,
  nonce,
  purpose,
  expiresAt: iso(date + seconds * 1000),
});

/** The lease, good for its whole length again. Late is late, but as long as nobody took it over it is still ours. */
export const renewed = (lease: Lease, date: number, seconds: number): Lease => ({
  ...lease,
  expiresAt: iso(date + seconds * 1000),
});

export const isHeldBy = (record: ControlRecord, nonce: string): boolean => record.lease?.nonce === nonce;

/** Work that a move breaks off. */
const BREAKABLE = ['reconcile', 'drill'];
const MOVES = ['failover'];

/** Whether a move holds this lease: while it runs, somebody is at work on who is active. */
export const isOfMove = ({ purpose }: Lease): boolean => MOVES.includes(purpose);

/** Whether the holder of this lease has to give way at once to work of that purpose. */
export const yields = (lease: Lease, purpose: string): boolean =>
  MOVES.includes(purpose) && BREAKABLE.includes(lease.purpose);
