import type { Place } from '../domain/errors.ts';
import type { FleetFailure, OperationResult } from '../domain/results.ts';
import { tooManyWords } from './matrix.ts';

/** A word at a place of a file, as GitHub shows it beside the change. */
export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
  readonly place: Place | undefined;
}

/** GitHub shows so many of each level for a step; the report has all of them. */
const SHOWN = 10;

/** What the reader of the change is told, errors first. A result with an error among them fails its run. */
export function annotationsOf(result: OperationResult): readonly Annotation[] {
  const all = allOf(result);
  return (['error', 'warning'] as const).flatMap((level) => all.filter((one) => one.level === level).slice(0, SHOWN));
}

function allOf(result: OperationResult): readonly Annotation[] {
  switch (result.operation) {
    case 'validate':
    case 'drift':
    case 'fleet-status':
      return result.failures.flatMap(ofFailure);
    case 'matrix':
      return [...result.failures.flatMap(ofFailure), ...ofTooMany(result.matrix)];
    case 'plan':
      return [...result.failures.flatMap(ofFailure), ...result.plans.flatMap(ofRefusals)];
    case 'doctor':
      return [...result.failures.flatMap(ofFailure), ...result.deployments.flatMap(ofDiagnosis)];
    case 'check-dags':
      return result.findings.map(({ level, code, file, line, message, fix }) => ({
        level,
        title: code,
        message: `${message}\nDo now: ${fix}`,
        place: file === undefined ? undefined : { file, line: line ?? 1, column: 1 },
      }));
    default:
      return [];
  }
}

const PLACED = /^(.+?):(\d+):(\d+): (.+)$/;

/** One for each problem of a file that has several, at its own place. */
function ofFailure({ code, message, fix, place, file }: FleetFailure): readonly Annotation[] {
  const lines = message.split('\n').flatMap((line) => {
    const [, path = file, row, column, words = ''] = PLACED.exec(line) ?? [];
    return row === undefined ? [] : [{ place: { file: path, line: Number(row), column: Number(column) }, words }];
  });
  if (lines.length === 0)
    return [{ level: 'error', title: code, message: `${message}\nDo now: ${fix}`, place: place ?? start(file) }];
  return lines.map((line) => ({ level: 'error', title: code, message: line.words, place: line.place }));
}

const start = (file: string): Place => ({ file, line: 1, column: 1 });

type Jobs = Extract<OperationResult, { operation: 'matrix' }>['matrix'];
const ofTooMany = ({ tooMany }: Jobs): readonly Annotation[] =>
  tooMany === '' ? [] : [{ level: 'error', title: 'matrix', message: tooManyWords(tooMany), place: undefined }];

type Plans = Extract<OperationResult, { operation: 'plan' }>['plans'];
const ofRefusals = ({ file, refusals }: Plans[number]): readonly Annotation[] =>
  refusals.map(({ code, message, fix }) => ({
    level: 'error',
    title: code,
    message: `${message}\nDo now: ${fix}`,
    place: start(file),
  }));

type Diagnoses = Extract<OperationResult, { operation: 'doctor' }>['deployments'];
const ofDiagnosis = ({ file, findings }: Diagnoses[number]): readonly Annotation[] =>
  findings.flatMap(({ level, what, cure }) =>
    level === 'unknown' ? [] : [{ level, title: 'doctor', message: `${what}\nDo now: ${cure}`, place: start(file) }],
  );
