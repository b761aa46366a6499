import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { MEMBERS, NOT_SETTINGS, REQUIRED_FIELDS, memberOf } from '../../../action/src/domain/members.ts';
import { sharedSettings, siteSettings } from '../../../action/src/domain/mwaa-settings.ts';

/** A slice of the service's model, which the sandbox's own tests hold against the original. */
const MODEL = JSON.parse(readFileSync(new URL('../../sandbox/control-plane/model.json', import.meta.url), 'utf8')) as {
  shapes: Record<string, { members?: Record<string, string>; required?: string[] }>;
};

const membersIn = (shape: string): readonly string[] => Object.keys(MODEL.shapes[shape]?.members ?? {});
/** Members as the table names them: those of the network one by one. */
const offered = (input: string, network: string): readonly string[] =>
  membersIn(input)
    .flatMap((name) => (name === 'NetworkConfiguration' ? membersIn(network).map((part) => `${name}.${part}`) : [name]))
    .filter((name) => !(name in NOT_SETTINGS));
const named = (filter: (member: (typeof MEMBERS)[number]) => boolean) =>
  MEMBERS.filter(filter)
    .map(({ api }) => api)
    .toSorted();

describe('the table of members', () => {
  test('has every member with which an environment can be created', () => {
    expect(named(() => true)).toEqual(offered('CreateEnvironmentInput', 'NetworkConfiguration').toSorted());
  });

  test('knows which of them an update takes', () => {
    const updatable = offered('UpdateEnvironmentInput', 'UpdateNetworkConfigurationInput').toSorted();
    expect(named(({ changedBy }) => changedBy === 'update')).toEqual(updatable);
    expect(named(({ changedBy }) => changedBy === 'tags')).toEqual(['Tags']);
  });

  test('has a reason for every member that is no setting', () => {
    const all = [...membersIn('CreateEnvironmentInput'), ...membersIn('UpdateEnvironmentInput')];
    for (const name of Object.keys(NOT_SETTINGS)) expect(all).toContain(name);
  });

  test('knows what a creation cannot do without', () => {
    const required = (MODEL.shapes['CreateEnvironmentInput']?.required ?? []).filter((name) => name !== 'Name');
    expect(new Set(REQUIRED_FIELDS.map((field) => field.split('.')[0]))).toEqual(new Set(required));
  });

  test('has every key of the file’s mwaa blocks, and says which belong to one site', () => {
    const [shared, site] = [Object.keys(sharedSettings.shape), Object.keys(siteSettings.shape)];
    const keys = MEMBERS.flatMap(({ file }) => (file === undefined ? [] : [file]));
    const elsewhere = ['networkConfiguration', 'workerReplacementStrategy'];
    expect([...keys, ...elsewhere].toSorted()).toEqual(site.toSorted());
    const local = MEMBERS.flatMap(({ file, siteLocal }) => (file !== undefined && siteLocal ? [file] : []));
    for (const key of local) expect(shared).not.toContain(key);
  });

  test('says what a difference means at a failover, but where sites differ by right', () => {
    for (const { consequence, siteLocal } of MEMBERS) expect(consequence === '').toBe(siteLocal);
  });
});

test.each([
  ['MaxWorkers', 'MaxWorkers'],
  ['AirflowConfigurationOptions.core.parallelism', 'AirflowConfigurationOptions'],
  ['LoggingConfiguration.TaskLogs.Enabled', 'LoggingConfiguration'],
  ['NetworkConfiguration.SubnetIds', 'NetworkConfiguration.SubnetIds'],
  ['Teams.a', undefined],
])('%s is a field of %s', (field, api) => {
  expect(memberOf(field)?.api).toBe(api);
});
