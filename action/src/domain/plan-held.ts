import type { Deployment } from './deployment.ts';
import type { Plan } from './plan-model.ts';
import type { FreezeWindow } from './policies.ts';
import { iso, millis } from './stored-json.ts';

const MINUTE = 60_000;
const WEEK = 7 * 24 * 60 * MINUTE;
/** A Monday, midnight. */
const MONDAY = Date.parse('2026-01-05T00:00:00Z');
const DAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
/** Windows that follow each other without a gap are counted as one, up to here. */
const CHAIN = 16;

/**
 * Until when a pause or freeze windows hold reconcile at `at` (milliseconds); `null` = free. Windows that touch are
 * taken together. A move never asks this.
 */
export function heldUntil(deployment: Pick<Deployment, 'paused' | 'freeze'>, at: number): Plan['heldUntil'] {
  let until = at;
  const reasons: string[] = [];
  for (let link = 0; link < CHAIN; link += 1) {
    const holds = holdsAt(deployment, until);
    const longest = holds.toSorted((a, b) => b.end - a.end)[0];
    if (longest === undefined) break;
    until = longest.end;
    if (!reasons.includes(longest.reason)) reasons.push(longest.reason);
  }
  return reasons.length === 0 ? null : { until: iso(until), reason: reasons.join('; ') };
}

interface Hold {
  /** Milliseconds; the first instant that is free. */
  readonly end: number;
  readonly reason: string;
}

function holdsAt({ paused, freeze }: Pick<Deployment, 'paused' | 'freeze'>, at: number): readonly Hold[] {
  const pause = paused === undefined || millis(paused.until) <= at ? [] : [paused];
  return [
    ...pause.map(({ until, reason }) => ({ end: millis(until), reason })),
    ...freeze.flatMap((window) => {
      const end = endOf(window, at);
      return end === undefined ? [] : [{ end, reason: window.reason }];
    }),
  ];
}

function endOf(window: FreezeWindow, at: number): number | undefined {
  if (!('weekly' in window)) return millis(window.from) <= at && at < millis(window.to) ? millis(window.to) : undefined;
  const from = ofWeek(window.weekly.from);
  const length = modulo(ofWeek(window.weekly.to) - from, WEEK);
  const into = modulo(at - MONDAY - from, WEEK);
  return into < length ? at - into + length : undefined;
}

/** Milliseconds from Monday, midnight; a day and a time as in FRI:18:00. */
function ofWeek(text: string): number {
  const [day = '', hours = '0', minutes = '0'] = text.split(':');
  const index = DAYS.indexOf(day as (typeof DAYS)[number]);
  return ((index * 24 + Number(hours)) * 60 + Number(minutes)) * MINUTE;
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
