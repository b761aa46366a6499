import { expect, test } from '@jest/globals';
import { withActive } from '../../../action/src/domain/agreement.ts';
import {
  agreedBody,
  agreeIssueBody,
  agreePullBody,
  agreeTitle,
  closedPullBody,
  type Disagreement,
} from '../../../action/src/report/agree.ts';

const role = { site: 'us-west-2', since: 7 };
const what: Disagreement = {
  deployment: 'shop',
  path: 'environments/shop.json',
  role,
  file: { site: 'us-east-1', since: 6 },
  refusals: [],
};

const issueOf = (text: string): string => agreeIssueBody(what, text, withActive(text, what.path, role));

test('a pull request says who is active, what the file says, and that reverting it moves nothing', () => {
  const body = agreePullBody(what);
  expect(agreeTitle(what)).toBe('shop: us-west-2 is active since epoch 7');
  expect(body).toContain('### ⚠️ shop is active in us-west-2 since epoch 7, and Git does not say so yet');
  expect(body).toContain('still says <code>us-east-1</code> since epoch 6');
  expect(body).toContain('<b>Reverting it later does not move anything back</b>');
  expect(agreePullBody({ ...what, file: undefined })).toContain('says nothing of it');
});

test('a file that would be refused is called so, at its place, however much is wrong with it', () => {
  const refusals = Array.from({ length: 40 }, (_, line) => `a.json:${line}:1: ${'<img> @everyone '.repeat(100)}`);
  const body = agreePullBody({ ...what, refusals });
  expect(body).toContain('The file would be refused with this change');
  expect(body).toContain('a.json:4:1');
  expect(body).toContain('and 35 more');
  expect(body).not.toContain('<img>');
  expect(agreePullBody(what)).not.toContain('refused');
});

test('an issue has the change as a patch, which no backticks in the file break out of', () => {
  const body = issueOf('{\n  "note": "````",\n  "deployment": "shop"\n}\n');
  expect(body).toContain('`````diff\n--- a/environments/shop.json\n+++ b/environments/shop.json\n@@');
  expect(body).toContain('+  "active": { "site": "us-west-2", "since": 7 }');
});

test('a patch that is too long for GitHub gives way to the value', () => {
  const body = issueOf(`{"deployment":"shop","note":"${'x'.repeat(70_000)}"}`);
  expect(body.length).toBeLessThan(65_536);
  expect(body).toContain('<code>active</code>: <code>{"site":"us-west-2","since":7}</code>');
});

test('what is closed says why, before all it said', () => {
  expect(agreedBody('shop', role)).toContain('### ✅ The file says it now: us-west-2 is active since epoch 7');
  expect(closedPullBody('what it said', 'Superseded.')).toBe('> [!NOTE]\n> Superseded.\n\nwhat it said');
});
