import type { Diagnosis, DoctorResult } from '../domain/doctor.ts';
import { CHECKS } from '../domain/doctor-outcome.ts';
import type { Finding, Level } from '../domain/doctor-outcome.ts';
import { code, prose, strong, t, type Block, type Document, type Inline } from './document.ts';
import { failureBlocks } from './fleet-failures.ts';
import { bounded, moment, plural, sentence, type Context } from './words.ts';

const LEVELS: Readonly<Record<Level, string>> = {
  error: '🛑 stops a failover',
  warning: '⚠️ defect',
  unknown: '❔ unknown',
};

const countOf = (findings: readonly Finding[], level: Level): number =>
  findings.filter((finding) => finding.level === level).length;

function answer({ deployments, failures }: DoctorResult): Block {
  const all = deployments.flatMap(({ findings }) => findings);
  const [errors, warnings, unknown] = [countOf(all, 'error'), countOf(all, 'warning'), countOf(all, 'unknown')];
  const checked = deployments.reduce((sum, one) => sum + one.checked, 0);
  const [only] = deployments;
  const who =
    deployments.length === 1 && only !== undefined ? only.deployment : plural(deployments.length, 'deployment');
  const left = failures.length === 0 ? '' : `; ${plural(failures.length, 'file')} could not be looked at`;
  const rest = `${unknown === 0 ? '' : `; ${plural(unknown, 'check')} could not be made`}${left}`;
  if (errors + warnings === 0) {
    const isWhole = rest === '';
    return {
      kind: 'answer',
      mood: isWhole ? 'good' : 'unclear',
      text: `${isWhole ? `${who}: sound` : `${who}: no defect found`}, ${plural(checked, 'check')}${rest}`,
    };
  }
  const stops = errors === 0 ? 'none stops a failover' : `${errors} would stop a failover`;
  const text = `${who}: ${plural(errors + warnings, 'defect')}, ${stops}${rest}`;
  return { kind: 'answer', mood: errors > 0 ? 'bad' : 'attention', text };
}

const findingRow = ({ level, check, where, what, cure }: Finding): readonly Inline[] => [
  LEVELS[level],
  t`${strong(CHECKS[check])}: ${prose(sentence(what))}`,
  where,
  prose(cure),
];

function table(findings: readonly Finding[], context: Context): Block {
  return {
    kind: 'table',
    head: ['', 'Finding', 'where', 'cure'],
    rows: bounded(findings, context, findingRow),
  };
}

/** Findings of one deployment: defects open, what could not be read folded. */
function diagnosisBlocks(diagnosis: Diagnosis, context: Context, isOnly: boolean): readonly Block[] {
  const defects = diagnosis.findings.filter(({ level }) => level !== 'unknown');
  const unknown = diagnosis.findings.filter(({ level }) => level === 'unknown');
  return [
    ...(isOnly ? [] : [{ kind: 'paragraph', text: strong(diagnosis.deployment) } as const]),
    ...(defects.length === 0 ? [] : [table(defects, context)]),
    ...(unknown.length === 0
      ? []
      : [
          {
            kind: 'details',
            summary: `${plural(unknown.length, 'check')} could not be made, which is no defect`,
            blocks: [table(unknown, context)],
          } as const,
        ]),
  ];
}

/** What is wrong, where, and what to do about it. */
export function doctorReport(result: DoctorResult, context: Context): Document {
  const { deployments, failures } = result;
  const isOnly = deployments.length === 1;
  const ill = deployments.filter(({ findings }) => findings.length > 0);
  const sound = deployments.filter(({ findings }) => findings.length === 0);
  const [first] = deployments;
  return [
    answer(result),
    ...failureBlocks(failures),
    ...ill.flatMap((diagnosis) => diagnosisBlocks(diagnosis, context, isOnly)),
    ...(isOnly || sound.length === 0
      ? []
      : [
          {
            kind: 'details',
            summary: `${plural(sound.length, 'deployment')} sound`,
            blocks: [
              {
                kind: 'list',
                items: sound.map(({ deployment, checked }) => t`${code(deployment)}: ${plural(checked, 'check')}`),
              },
            ],
          } as const,
        ]),
    ...(first === undefined
      ? []
      : [{ kind: 'paragraph', text: `Nothing was changed. Read ${moment(first.at)}.` } as const]),
  ];
}
