import type { Rule, RuleProblem } from './deployment-rules.ts';

/**
 * Whether an option or a tag holds a credential in clear: by its name as Airflow marks its own sensitive options, or by
 * its value. A file in Git is read by many; the value itself is never said.
 */
export function looksSecret(name: string, value: string): boolean {
  if (HARMLESS_VALUE.test(value)) return false;
  return hasSecretName(name) || SECRET_VALUES.some((pattern) => pattern.test(value));
}

/** A switch or a small number, whatever it is called. */
const HARMLESS_VALUE = /^(?:true|false|none|\d{0,4})$/i;

/**
 * Whether a value that nobody has looked at yet may be a credential: also an address whose name promises one, and
 * whatever looks drawn at random. For what is written into Git unasked, where a doubt is enough.
 */
export function mayBeSecret(name: string, value: string): boolean {
  if (looksSecret(name, value)) return true;
  const isAddress = ADDRESS_NAMES.test(inSnakeCase(name)) && value.includes('://') && !PLAIN_ADDRESS.test(value);
  return isAddress || (value.match(/[A-Za-z\d_]{20,}/g) ?? []).some(isRandom);
}

/** Upper case, lower case and digits together, or nothing but hexadecimal digits; ids of AWS resources are shorter. */
const isRandom = (word: string): boolean =>
  (/[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word)) || /^[\da-f]{32,}$/i.test(word);

const ADDRESS_NAMES = /(?:^|[._])(?:dsn|ur[il]|conn|connection|endpoint|webhook)s?(?:_|$)/i;

/** Scheme, host, port and path, and nothing else. */
const PLAIN_ADDRESS = /^[a-z][a-z\d+.-]*:\/\/[^\s/:@?#]+(?::\d+)?(?:\/[^\s@?#]*)?$/i;

/**
 * Airflow's options with a secret value (`sensitive_config_values` of airflow.configuration, and what providers add).
 * The same name with `_secret` or `_cmd` behind it only says where the value is found, and may be written.
 */
const hasSecretName = (name: string): boolean => SECRET_NAMES.test(inSnakeCase(name.slice(name.lastIndexOf('.') + 1)));

/** Tags are written in every manner: `DbPassword`, `db-password`, `db:password`. */
const inSnakeCase = (name: string): string => name.replaceAll(/(?<=[a-z\d])(?=[A-Z])|[-:/ ]/g, '_');

const SECRET_NAMES =
  /(?:^|_)(?:password|passwd|token|secret_key|fernet_key|jwt_secret|client_secret|api_key|access_key|private_key|flower_basic_auth|dsn|webhook|webhook_url|sql_alchemy_conn|broker_url|result_backend)$/i;

const SECRET_VALUES: readonly RegExp[] = [
  // A user with a password, which may have a slash in it; where digits stand before the slash they are a port. What
  // comes behind a comma or a quotation mark is another address.
  /:\/\/[^\s/:@,"]*:(?!\d{1,5}\/)[^\s@,"]+@/,
  // A key in the place of the user, as in an address of Sentry: names of people have dots, and no digits.
  /:\/\/(?=[^\s/:@]*\d)[A-Za-z\d_-]{16,}@/,
  // A token behind the question mark.
  /:\/\/[^\s?]*\?(?:\S*&)?(?:\w*[_-])?(?:token|sig|signature|key|apikey|secret|password|pwd)=[^\s&]/i,
  // Who knows the address may send: webhooks of Slack, Discord, Teams.
  /\/\/hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/|\/\/discord(?:app)?\.com\/api\/webhooks\/|\.webhook\.office\.com\//i,
  // An AWS access key, tokens of GitHub and Slack, a private key.
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22}|\bxox[abprs]-[A-Za-z0-9-]{10}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  // A member of JSON, as in `secrets.backend_kwargs`.
  /"(?:\w*_)?(?:password|secret|secret_key|secret_id|token|api_key|aws_secret_access_key)"\s*:\s*"[^"]/i,
];

const MAPS = ['airflowConfigurationOptions', 'tags'] as const;

/** Credentials do not belong into a file that many read, nor into a configuration that GetEnvironment shows. */
export const secretProblems: Rule = ({ mwaa, sites }) =>
  [
    { settings: mwaa, path: ['mwaa'] as RuleProblem['path'] },
    ...sites.map((site, index) => ({ settings: site.mwaa, path: ['sites', index, 'mwaa'] })),
  ].flatMap(({ settings, path }) =>
    MAPS.flatMap((map) =>
      Object.entries(settings[map] ?? {})
        .filter(([name, value]) => looksSecret(name, value))
        .map(([name]) => ({
          path: [...path, map, name],
          message: `the value of ${name} looks like a credential, which everybody who reads this file or the environment would see`,
          fix: `Keep it in AWS Secrets Manager at both sites and let Airflow fetch it ("secrets.backend", "${name}_secret"); if it was pushed, change it.`,
        })),
    ),
  );
