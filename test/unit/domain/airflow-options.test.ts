import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { meantOption, optionWarnings } from '../../../action/src/domain/airflow-options.ts';
import { parseDeployment } from '../../../action/src/domain/deployment-file.ts';

test.each([
  ['core.paralelism', 'core.parallelism'],
  ['scheduler.scheduler_hearbeat_sec', 'scheduler.scheduler_heartbeat_sec'],
  ['celery.worker_autoscal', 'celery.worker_autoscale'],
  ['cor.parallelism', 'core.parallelism'],
])('%s was probably meant to be %s', (typed, meant) => {
  expect(meantOption(typed)).toBe(meant);
});

test.each([
  'core.parallelism',
  'api.auth_backend',
  'webserver.workers',
  'smtp.smtp_password_secret',
  'smtp.smtp_password_cmd',
  'secrets.backend_kwargs',
  'our_plugin.some_option',
])('%s is nothing to warn of', (option) => {
  expect(meantOption(option)).toBeUndefined();
});

test('a file is told once about an option that both sites mistype', () => {
  const text = readFileSync(new URL('../../../environments/example.json', import.meta.url), 'utf8');
  const read = (file: string) => optionWarnings(parseDeployment(file, 'f'));
  expect(read(text)).toEqual([]);
  expect(read(text.replaceAll('secrets.backend_kwargs', 'secrets.backend_kwarg'))).toEqual([
    'Airflow has no option secrets.backend_kwarg: did you mean secrets.backend_kwargs?',
  ]);
});
