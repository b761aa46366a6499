/**
 * `npx cdk deploy --all`: reads environments/*.json and makes one stack for each account and Region. The first time,
 * `npx cdk deploy --all -c phase=buckets` comes before it, since replication wants both buckets to be there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { parseDeployment } from '../../action/src/domain/deployment-file.ts';
import { isDeploymentFile } from '../../action/src/domain/names.ts';
import { siteStacks } from '../lib/site-stacks.ts';

const FOLDER = new URL('../../environments/', import.meta.url);

const deployments = readdirSync(FOLDER)
  .filter(isDeploymentFile)
  .sort()
  .map((name) => parseDeployment(readFileSync(new URL(name, FOLDER), 'utf8'), `environments/${name}`));

siteStacks(new App(), deployments);
