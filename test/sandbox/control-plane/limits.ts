import type { EnvironmentInput } from './environment.ts';
import { validation } from './errors.ts';
import { isSupported } from './versions.ts';

/** Settings that the service checks together, once its defaults stand for what was left out. */
export type Settings = Omit<EnvironmentInput, 'Name'>;

interface Range {
  least: number;
  most: number;
}

/** https://docs.aws.amazon.com/mwaa/latest/userguide/environment-class.html and the model's prose */
interface ClassLimits {
  schedulers: Range;
  webservers: Range;
}

const ORDINARY: ClassLimits = { schedulers: { least: 2, most: 5 }, webservers: { least: 2, most: 5 } };

const CLASSES: Record<string, ClassLimits> = {
  'mw1.micro': { schedulers: { least: 1, most: 1 }, webservers: { least: 1, most: 1 } },
  'mw1.small': ORDINARY,
  'mw1.medium': ORDINARY,
  'mw1.large': ORDINARY,
  'mw1.xlarge': ORDINARY,
  'mw1.2xlarge': ORDINARY,
};

/** Workers of one environment; more by a raised quota only. */
const MOST_WORKERS = 25;

/** Schedulers and web servers that an environment of this class has when nobody says how many. */
export function leastOf(environmentClass: string): { schedulers: number; webservers: number } {
  const { schedulers, webservers } = CLASSES[environmentClass] ?? ORDINARY;
  return { schedulers: schedulers.least, webservers: webservers.least };
}

interface Rule {
  holds(settings: Settings, limits: ClassLimits): boolean;
  text(settings: Settings, limits: ClassLimits): string;
}

/** One rule a row; the first that is broken is told. */
const RULES: readonly Rule[] = [
  {
    holds: ({ Schedulers }, { schedulers }) => isWithin(Schedulers, schedulers),
    text: ({ EnvironmentClass }, { schedulers }) => `Schedulers must be ${shown(schedulers)} for ${EnvironmentClass}.`,
  },
  ...(['MinWebservers', 'MaxWebservers'] as const).map((member) => ({
    holds: (settings: Settings, { webservers }: ClassLimits) => isWithin(settings[member], webservers),
    text: ({ EnvironmentClass }: Settings, { webservers }: ClassLimits) =>
      `${member} must be ${shown(webservers)} for ${EnvironmentClass}.`,
  })),
  {
    holds: ({ MinWebservers = 0, MaxWebservers = 0 }) => MinWebservers <= MaxWebservers,
    text: () => 'MinWebservers must be less than or equal to MaxWebservers.',
  },
  {
    holds: ({ MaxWorkers = 0 }) => MaxWorkers <= MOST_WORKERS,
    text: () => `MaxWorkers must be less than or equal to ${MOST_WORKERS}.`,
  },
  {
    holds: ({ MinWorkers = 0, MaxWorkers = 0 }) => MinWorkers <= MaxWorkers,
    text: () => 'MinWorkers must be less than or equal to MaxWorkers.',
  },
];

/** Throws ValidationException. */
export function requireWithinLimits(settings: Settings): void {
  const limits = CLASSES[settings.EnvironmentClass ?? ''];
  if (!limits)
    throw validation(
      `Environment class '${settings.EnvironmentClass}' must be one of ${Object.keys(CLASSES).join(', ')}.`,
    );
  const broken = RULES.find((rule) => !rule.holds(settings, limits));
  if (broken) throw validation(broken.text(settings, limits));
}

/** What only a new environment can get wrong. Throws ValidationException. */
export function requireCreatable(settings: Settings, region: string): void {
  const { AirflowVersion = '', KmsKey, NetworkConfiguration } = settings;
  if (!NetworkConfiguration.SubnetIds || !NetworkConfiguration.SecurityGroupIds)
    throw validation('NetworkConfiguration must name two subnets and at least one security group.');
  if (!isSupported(AirflowVersion)) throw validation(`Airflow version ${AirflowVersion} is not supported.`);
  if (KmsKey === undefined) return;
  if (KmsKey.includes('alias/')) throw validation(`KMS key '${KmsKey}' is an alias: an alias is not supported.`);
  if (KmsKey.includes('mrk-')) throw validation(`KMS key '${KmsKey}' is a multi-Region key, which is not supported.`);
  if (KmsKey.startsWith('arn:') && KmsKey.split(':')[3] !== region)
    throw validation(`KMS key '${KmsKey}' is not in ${region}.`);
}

function isWithin(count: number | undefined, { least, most }: Range): boolean {
  return count !== undefined && count >= least && count <= most;
}

const shown = ({ least, most }: Range): string => (least === most ? `${least}` : `from ${least} to ${most}`);
