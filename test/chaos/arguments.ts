import { parseArgs } from 'node:util';
import { isProfile } from './profiles.ts';
import type { ProfileName } from './profiles.ts';

export const USAGE = `npm run chaos -- [option …]
  --seeds FROM-TO    schedules to play (default 1-500)
  --seconds N        no new schedule after so many seconds (default 600)
  --profile NAME     normal, moves, one-region-left, records (default normal)
  --story SEED       tells the story of one schedule
  --without RULE     plays with this rule taken out; without a name: lists the rules
  --red              takes out each rule in turn, and looks that the promise that hangs on it breaks`;

export interface Wish {
  readonly profile: ProfileName;
  readonly seeds: { readonly from: number; readonly to: number };
  readonly seconds: number;
  readonly story: number | undefined;
  /** Name of a rule; empty = list them. */
  readonly without: string | undefined;
  readonly red: boolean;
  readonly help: boolean;
}

/** Throws an Error that says what is wrong with the arguments. */
export function parseWish(args: readonly string[]): Wish {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '1-500' },
      seconds: { type: 'string', default: '600' },
      profile: { type: 'string', default: 'normal' },
      story: { type: 'string' },
      without: { type: 'string' },
      red: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [from, to] = values.seeds.split('-').map(Number);
  if (!isProfile(values.profile)) throw new Error(`there is no profile ${values.profile}\n${USAGE}`);
  return {
    profile: values.profile,
    seeds: { from: whole(from), to: whole(to ?? from) },
    seconds: whole(Number(values.seconds)),
    story: values.story === undefined ? undefined : whole(Number(values.story)),
    without: values.without,
    red: values.red,
    help: values.help,
  };
}

function whole(value: number | undefined): number {
  if (value !== undefined && Number.isInteger(value) && value >= 0) return value;
  throw new Error(`not a number: ${value ?? 'nothing'}\n${USAGE}`);
}
