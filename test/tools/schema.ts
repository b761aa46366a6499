/**
 * `npm run schema`: writes the JSON Schemas of the files that people write or read, the reference of the deployment file
 * and the tables of verdicts, all from the code that checks them. `npm run schema -- --check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { deploymentSchema } from '../../action/src/domain/deployment.ts';
import { jsonText } from '../../action/src/domain/json-text.ts';
import { planSchema } from '../../action/src/domain/plan-model.ts';
import { withFieldReference } from './field-reference.ts';
import { withHealthReference } from './health-reference.ts';
import { ROOT } from './paths.ts';

/** Draft 7 is what editors know best. */
const jsonSchema = (title: string, schema: z.ZodType, io: 'input' | 'output'): z.core.JSONSchema.BaseSchema => {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-7' });
  return { $schema, title, ...rest };
};

export const deploymentJsonSchema = jsonSchema('Deployment file of mwaa-dr-action', deploymentSchema, 'input');

const REFERENCE = 'docs/deployment-file.md';
const HEALTH = 'docs/health.md';

/** Path in the repository → what stands there. */
export const generatedFiles = (): Readonly<Record<string, string>> => ({
  'environments/schema.json': jsonText(deploymentJsonSchema),
  'docs/plan.schema.json': jsonText(jsonSchema('Plan of mwaa-dr-action', planSchema, 'output')),
  [REFERENCE]: withFieldReference(readFileSync(join(ROOT, REFERENCE), 'utf8'), deploymentJsonSchema),
  [HEALTH]: withHealthReference(readFileSync(join(ROOT, HEALTH), 'utf8')),
});

if (import.meta.main) {
  const isCheck = process.argv.includes('--check');
  for (const [path, text] of Object.entries(generatedFiles())) {
    if (!isCheck) writeFileSync(join(ROOT, path), text);
    else if (readFileSync(join(ROOT, path), 'utf8') !== text) {
      console.error(`${path} is not what the code says: npm run schema`);
      process.exitCode = 1;
    }
  }
}
