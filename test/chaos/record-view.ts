/**
 * Control records as one who looks on reads them: written a third time, so that a rule that is taken out of the action or
 * out of the doubles does not take our own sight with it.
 */
export interface WrittenRecord {
  readonly epoch: number;
  readonly phase: string;
  readonly activated: { readonly epoch: number; readonly snapshot: string | null };
  readonly move: WrittenMove | null;
  readonly lease: { readonly purpose: string; readonly expiresAt: string; readonly move?: WrittenMove | null } | null;
  readonly debts: readonly { readonly kind: string; readonly site: string; readonly epoch: number }[];
}

export interface WrittenMove {
  readonly id: string;
  readonly to: string;
  readonly epoch: number;
  readonly step: string;
}

/** A record and what it counts for: a claim without its move counts for what was activated last. */
export interface RecordView {
  readonly written: WrittenRecord;
  readonly epoch: number;
  readonly isClaim: boolean;
  readonly isVoid: boolean;
}

const LARGEST_LEAP = 1_000;

/** `undefined` = it cannot be read, its epoch leaps within itself, or it contradicts itself. */
export function viewOf(body: Uint8Array): RecordView | undefined {
  const written = parsed(body);
  if (written === undefined || written.epoch > written.activated.epoch + LARGEST_LEAP) return undefined;
  if (written.phase === 'activated' && written.activated.epoch !== written.epoch) return undefined;
  const { move } = written;
  const isClaim = written.phase === 'claimed' && typeof move?.id === 'string' && move.epoch === written.epoch;
  const isVoid = written.phase === 'claimed' && !isClaim;
  return { written, isClaim, isVoid, epoch: isVoid ? written.activated.epoch : written.epoch };
}

function parsed(body: Uint8Array): WrittenRecord | undefined {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8')) as WrittenRecord;
  } catch {
    return undefined;
  }
}

/** Whether an epoch lies so far above these that nobody can have come there. */
export const isLeap = (epoch: number, known: readonly number[]): boolean => epoch > Math.max(...known) + LARGEST_LEAP;

/** The highest epoch up to this one that is not the site's own. */
export const othersUpTo = (epoch: number, site: number): number => (epoch % 2 === site ? epoch - 1 : epoch);
