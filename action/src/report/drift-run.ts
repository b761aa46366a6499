import type { DriftedDeployment, DriftResult } from '../domain/drift-result.ts';
import { code, prose, t, type Block, type Document, type Inline } from './document.ts';
import { bounded, moment, plural, sentence, type Context } from './words.ts';

const OUTCOMES: Readonly<Record<DriftedDeployment['outcome'], string>> = {
  drift: '🛑 differs',
  busy: '❔ being changed',
  clean: '✅ as Git says',
};

const ORDER: readonly DriftedDeployment['outcome'][] = ['drift', 'busy', 'clean'];

const ISSUES: Readonly<Record<string, string>> = {
  open: 'opened',
  reopen: 'opened again',
  update: 'updated',
  close: 'closed',
  cured: 'left closed',
};

function issueCell({ issue }: DriftedDeployment): string {
  if (issue?.number === undefined) return '';
  return `#${issue.number} ${ISSUES[issue.act] ?? ''}`.trim();
}

const row = (one: DriftedDeployment): readonly Inline[] => [
  code(one.deployment),
  OUTCOMES[one.outcome],
  one.outcome === 'drift' ? String(one.findings.length) : '',
  one.since === null ? '' : moment(one.since),
  issueCell(one),
];

const findingRow = ({ what, consequence }: DriftedDeployment['findings'][number]): readonly Inline[] => [
  prose(what),
  consequence,
];

const details = (one: DriftedDeployment, context: Context): Block => ({
  kind: 'details',
  summary: t`${one.deployment}: ${plural(one.findings.length, 'difference')}`,
  blocks: [{ kind: 'table', head: ['Difference', 'what it means'], rows: bounded(one.findings, context, findingRow) }],
});

function answer({ deployments, failures }: DriftResult): Block {
  const drifted = deployments.filter(({ outcome }) => outcome === 'drift').length;
  const unread = failures.length === 0 ? '' : `; ${failures.length} could not be looked at`;
  const all = plural(deployments.length + failures.length, 'deployment');
  const differ = drifted === 1 ? 'differs' : 'differ';
  if (drifted > 0)
    return { kind: 'answer', mood: 'attention', text: `${drifted} of ${all} ${differ} from Git${unread}` };
  return {
    kind: 'answer',
    mood: failures.length === 0 ? 'good' : 'unclear',
    text: `No drift in ${plural(deployments.length, 'deployment')}${unread}`,
  };
}

export function driftReport(result: DriftResult, context: Context): Document {
  const { deployments, failures, keepsIssues } = result;
  const sorted = deployments.toSorted((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
  const drifted = sorted.filter(({ outcome }) => outcome === 'drift');
  return [
    answer(result),
    ...failures.map(
      ({ file, code: errorCode, message, fix }) =>
        ({
          kind: 'alert',
          level: 'WARNING',
          text: t`${code(file)}: ${errorCode}: ${prose(sentence(message))} ${prose(sentence(fix))}`,
        }) as const,
    ),
    ...drifted.map((one) => details(one, context)),
    {
      kind: 'table',
      head: ['Deployment', 'state', 'differences', 'since', 'issue'],
      rows: bounded(sorted, context, row),
    },
    ...(keepsIssues || drifted.length === 0
      ? []
      : [{ kind: 'paragraph', text: 'No issue was kept, since there is no GitHub token.' } as const]),
  ];
}
