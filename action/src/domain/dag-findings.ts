import { MdrError } from './errors.ts';
import type { CheckDagsResult, CutFile, DagCheckReading, DagFinding, ImportedFile } from './dag-check.ts';
import { DAG_IDS } from './names.ts';

/** The DAGs that this action installs, where it installs them: they alone may be unpaused and bear our prefix. */
const OURS: readonly string[] = Object.values(DAG_IDS);
const OUR_FILE = 'mwaadr/mwaadr_dags.py';
const PREFIX = 'mwaadr_';

/** No answer from outside can be what these errors come from. */
const OWN_MISTAKES = /^(?:SyntaxError|IndentationError|TabError|ImportError|ModuleNotFoundError|NameError)\b/;

interface Place {
  readonly file: string;
  readonly line: number | undefined;
}

const error = (code: DagFinding['code'], place: Place, message: string, fix: string): DagFinding => ({
  level: 'error',
  code,
  ...place,
  message,
  fix,
});

const warning = (code: DagFinding['code'], place: Place, message: string, fix: string): DagFinding => ({
  ...error(code, place, message, fix),
  level: 'warning',
});

/** What speaks against a DAGs folder; `folder` as the repository names it, `limit` in seconds. */
export function findingsOf(reading: DagCheckReading, folder: string, limit: number): readonly DagFinding[] {
  const root = `${reading.airflow?.root ?? ''}/`;
  const found = [
    ...reading.imported.flatMap((file) => [
      ...file.errors.map((text) => importFinding(file, text, root, limit)),
      ...dagFindings(file),
      ...file.reads.map(readFinding),
      ...file.movingStartDates.map(startDateFinding),
    ]),
    ...reading.cut.map((file) => cutFinding(file, limit)),
    ...unseenFindings(reading.unseen),
    ...duplicateFindings(reading.imported, root),
    ...(reading.airflow?.files.length === 0 ? [noDags(folder)] : []),
    ...(reading.credentials.length === 0 ? [] : [credentialsInReach(reading.credentials)]),
  ];
  const base = folder.replace(/^\.\//, '').replace(/\/+$/, '');
  const inRepository = (finding: DagFinding): DagFinding => ({
    ...finding,
    file:
      finding.file === undefined ? undefined : base === '.' || base === '' ? finding.file : `${base}/${finding.file}`,
    message: finding.message.replaceAll(root, base === '.' ? '' : `${base}/`),
  });
  return found.map(inRepository).toSorted(byWeight);
}

/** Errors first, then by place. */
function byWeight(a: DagFinding, b: DagFinding): number {
  const weight = ({ level, file = '', line = 0 }: DagFinding) => [level === 'error' ? '0' : '1', file, line] as const;
  const [levelA, fileA, lineA] = weight(a);
  const [levelB, fileB, lineB] = weight(b);
  return levelA.localeCompare(levelB) || fileA.localeCompare(fileB) || lineA - lineB;
}

/** The places of a traceback that lie in the DAGs folder, outermost first. */
function placesIn(traceback: string, root: string): readonly { file: string; line: number }[] {
  return [...traceback.matchAll(/^ *File "(.+)", line (\d+)/gm)].flatMap(([, file = '', line]) =>
    file.startsWith(root) ? [{ file: file.slice(root.length), line: Number(line) }] : [],
  );
}

/** The exception and its message: what is not indented any more after the last traceback's frames. */
function exceptionOf(text: string): string {
  const lines = text.trimEnd().split('\n');
  const afterHead = lines.slice(lines.findLastIndex((line) => line.startsWith('Traceback (most recent')) + 1);
  const start = afterHead.findIndex((line) => /^\S/.test(line));
  return afterHead.slice(Math.max(start, 0)).join(' ').trim();
}

function importFinding(file: ImportedFile, text: string, root: string, limit: number): DagFinding {
  const places = placesIn(text, root);
  const exception = exceptionOf(text);
  const place = places.at(-1) ?? placeOfDag(file, exception);
  const through = place.file === file.file ? '' : ` (imported by ${root}${file.file})`;
  if (text.includes('DagBag import timeout')) return tooSlow(place, file.seconds, limit);
  if (places.length === 0)
    return error(
      'invalid-dag',
      place,
      `Airflow refuses a DAG of this file: ${exception}`,
      'Correct the DAG as the message says.',
    );
  const open = file.reads.filter(({ answered }) => !answered);
  if (open.length > 0 && !OWN_MISTAKES.test(exception))
    return warning(
      'unproven',
      place,
      `this file could not be imported without the ${wordsOf(open)}: ${exception}${through}`,
      'Read it inside a task or a template, or give it a default: then the check can see the DAG, and a parse needs nothing from outside.',
    );
  if (/^SystemExit\b/.test(exception))
    return error(
      'ended-airflow',
      place,
      `this file ends the interpreter while it is imported: ${exception}${through}`,
      'Leave out the exit: Airflow would lose every DAG of the file without an error.',
    );
  return error(
    'import-error',
    place,
    `${exception}${through}`,
    'Correct the file, or add what it needs to the requirements.',
  );
}

/** An error that has no place is about a DAG that it names, or about the only one. */
function placeOfDag({ file, made }: ImportedFile, message: string): Place {
  const named = made.filter(({ dagId }) => message.includes(dagId)).toSorted((a, b) => b.dagId.length - a.dagId.length);
  const dag = named[0] ?? (made.length === 1 ? made[0] : undefined);
  return dag === undefined ? { file, line: undefined } : { file: dag.file, line: dag.line };
}

const tooSlow = (place: Place, seconds: number, limit: number): DagFinding =>
  error(
    'too-slow',
    place,
    `its import was cut off after ${seconds.toFixed(1)} s: the limit is ${limit} s`,
    'Move what takes so long into a task: Airflow drops a file that is slower, and with it all of its DAGs.',
  );

function cutFinding({ file, ended, seconds, output }: CutFile, limit: number): DagFinding {
  const place = { file, line: undefined };
  if (ended === 'late') return tooSlow(place, seconds, limit);
  if (ended === 'vanished')
    return error('import-error', place, 'another DAG file removed this one while it was imported', 'Leave that out.');
  const last = output.trim().split('\n').at(-1) ?? '';
  const said = last === '' ? '' : `; its last line of output was: ${last}`;
  return error(
    'ended-airflow',
    place,
    `this file ends the process that imports it (${ended})${said}`,
    'Leave out what ends, kills or crashes the interpreter at import.',
  );
}

function unseenFindings([first, ...others]: readonly string[]): readonly DagFinding[] {
  if (first === undefined) return [];
  const rest = others.length === 0 ? '' : `; ${others.length} more file(s) could not be checked after it`;
  return [
    error(
      'ended-airflow',
      { file: first, line: undefined },
      `the check itself ended while it imported this file${rest}`,
      'Look for code that kills other processes at import, and leave it out.',
    ),
  ];
}

function dagFindings(file: ImportedFile): readonly DagFinding[] {
  return file.dags.flatMap(({ dagId, unpaused }) => {
    if (file.file === OUR_FILE && OURS.includes(dagId)) return [];
    const place = placeOfDag({ ...file, made: file.made.filter((made) => made.dagId === dagId) }, dagId);
    return [
      ...(unpaused
        ? [
            error(
              'unpaused',
              place,
              `${dagId} has is_paused_upon_creation=False: a standby that sees it for the first time would start it`,
              'Leave it away, and unpause the DAG once at the active site: its state then follows every move.',
            ),
          ]
        : []),
      ...(dagId.startsWith(PREFIX)
        ? [
            error(
              'reserved-id',
              place,
              `${dagId} begins with ${PREFIX}, which is kept for the disaster recovery DAGs: no pause and no snapshot would reach it`,
              'Give the DAG another id.',
            ),
          ]
        : []),
    ];
  });
}

const READS = {
  variable: 'Variable',
  connection: 'Connection',
  database: 'metadata database',
  network: 'machine',
} as const;

const wordsOf = (reads: ImportedFile['reads']): string =>
  [...new Set(reads.map(({ kind, name }) => [READS[kind], name].join(' ').trim()))].slice(0, 5).join(', ');

function readFinding(read: ImportedFile['reads'][number]): DagFinding {
  const place = { file: read.file ?? '', line: read.line };
  const fix =
    read.kind === 'variable'
      ? 'Use a template, as in {{ var.value.name }}, or read it inside a task.'
      : 'Do it inside a task.';
  return warning(
    'parse-time-read',
    place,
    `${read.kind === 'network' ? 'connects to' : 'asks for'} the ${wordsOf([read])} while the file is imported, and so at every parse, on both sites`,
    fix,
  );
}

const startDateFinding = (place: { readonly file: string; readonly line: number }): DagFinding =>
  warning(
    'moving-start-date',
    place,
    'start_date is another one at every parse: runs may never start, and the two sites never agree',
    'Give a fixed date.',
  );

/**
 * Airflow keeps one DAG of an id, whichever it parsed last. Within a file it may show only one of several that are
 * alike, so there we count what was made.
 */
function duplicateFindings(files: readonly ImportedFile[], root: string): readonly DagFinding[] {
  const places = files.flatMap((file) =>
    [...new Set(file.dags.map(({ dagId }) => dagId))].flatMap((dagId): readonly (Place & { dagId: string })[] => {
      const made = file.made.filter((one) => one.dagId === dagId && one.file === file.file);
      return made.length === 0 ? [{ dagId, file: file.file, line: undefined }] : made;
    }),
  );
  const groups = Map.groupBy(places, ({ dagId }) => dagId);
  return [...groups.values()].flatMap(([first, ...others]) =>
    others.map(({ dagId, file, line }) =>
      error(
        'duplicate-id',
        { file, line },
        `the id ${dagId} stands at ${root}${first?.file ?? ''}:${first?.line ?? 1} already`,
        'Give one of them another id: Airflow keeps only one.',
      ),
    ),
  );
}

const noDags = (folder: string): DagFinding => ({
  level: 'warning',
  code: 'no-dags',
  file: undefined,
  line: undefined,
  message: `Airflow finds no DAG file in ${folder}`,
  fix: 'Look at the name of the folder and at its .airflowignore.',
});

/** Code of a pull request can read the memory and the environment of what runs beside it. */
const credentialsInReach = (names: readonly string[]): DagFinding => ({
  level: 'warning',
  code: 'credentials-in-reach',
  file: undefined,
  line: undefined,
  message: `this step has ${names.join(', ')}: the DAG files did not get them, but code that is run on the same machine can find them`,
  fix: 'Check DAGs in a job of its own, with `permissions: contents: read` and no credentials.',
});

/** The error that a run ends with when something refuses the change; `undefined` when nothing does. */
export function refusalOf({ findings, folder }: CheckDagsResult): MdrError | undefined {
  const errors = findings.filter(({ level }) => level === 'error');
  const [first] = errors;
  if (first === undefined) return undefined;
  const more = errors.length === 1 ? '' : `, and ${errors.length - 1} more`;
  const where = first.file === undefined ? '' : `${first.file}${first.line === undefined ? '' : `:${first.line}`}: `;
  return new MdrError({
    code: 'MDR-DAG-CHECK',
    message: `${where}${first.message}${more}`,
    fix: first.fix,
    state: `Nothing was touched; ${folder} was imported from a copy.`,
    ...(first.file === undefined ? {} : { place: { file: first.file, line: first.line ?? 1, column: 1 } }),
  });
}
