import type { OperationResult } from '../domain/results.ts';
import { checkReport } from './check.ts';
import { agreeReport } from './agree-run.ts';
import { checkDagsReport } from './check-dags.ts';
import { commentReport } from './comment-run.ts';
import { driftReport } from './drift-run.ts';
import { fleetStatusReport } from './fleet-status.ts';
import type { Document } from './document.ts';
import { doctorReport } from './doctor.ts';
import { importReport } from './import.ts';
import { matrixReport } from './matrix.ts';
import { detailOf, planSetReport } from './plan-set.ts';
import { reconcileReport } from './reconcile.ts';
import { validateReport } from './validate.ts';
import { failoverReport } from './failover.ts';
import { installReport } from './install.ts';
import { uninstallReport } from './uninstall.ts';
import { toMarkdown } from './markdown.ts';
import { snapshotReport, verifyReport } from './snapshot.ts';
import { statusReport } from './status.ts';
import type { Context } from './words.ts';

/** The report of a result. */
export function reportOf(result: OperationResult, context: Context): Document {
  switch (result.operation) {
    case 'check':
      return checkReport(result, context);
    case 'failover':
      return failoverReport(result, context);
    case 'snapshot':
      return snapshotReport(result);
    case 'verify':
      return verifyReport(result);
    case 'status':
      return statusReport(result, context);
    case 'fleet-status':
      return fleetStatusReport(result, context);
    case 'install':
      return installReport(result, context);
    case 'uninstall':
      return uninstallReport(result, context);
    case 'validate':
      return validateReport(result);
    case 'matrix':
      return matrixReport(result);
    case 'plan':
      return planSetReport(result, detailOf(context), context);
    case 'comment':
      return commentReport(result, context);
    case 'drift':
      return driftReport(result, context);
    case 'agree':
      return agreeReport(result);
    case 'import':
      return importReport(result, context);
    case 'reconcile':
      return reconcileReport(result, context);
    case 'doctor':
      return doctorReport(result, context);
    case 'check-dags':
      return checkDagsReport(result, context);
  }
}

/** GitHub takes 1 MiB for the summary of a step and drops a longer one whole. */
const LIMIT = 1_000_000;
const NOTICE =
  '\n\nThe rest of this summary did not fit: the limit of a job summary is 1 MiB. The output `json` and the log have all of it.\n';
export const ALL_ROWS = 1_000;

/** Markdown that GitHub takes: lists are shortened first, and only then is the end cut off. */
export function summaryOf(render: (maxRows: number) => Document): string {
  for (const maxRows of [ALL_ROWS, 200, 20]) {
    const markdown = toMarkdown(render(maxRows));
    if (Buffer.byteLength(markdown) <= LIMIT) return markdown;
  }
  const start = Buffer.from(toMarkdown(render(20)))
    .subarray(0, LIMIT - NOTICE.length)
    .toString('utf8');
  return start.slice(0, start.lastIndexOf('\n')) + NOTICE;
}
