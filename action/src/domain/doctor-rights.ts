import type { DoctorFacts, RightsReport, SiteFacts } from './doctor-facts.ts';
import type { Decision } from './doctor-ports.ts';
import { failing, look, unclear } from './doctor-outcome.ts';
import type { CheckName, Outcome, Remark } from './doctor-outcome.ts';

const NEEDS = 'iam:SimulatePrincipalPolicy';

/** What the execution role of the site's environment may do. */
export function executionRights({ site, execution }: SiteFacts): readonly Outcome[] {
  if (execution === undefined) return [];
  const where = `${site.region}, ${execution.principal}`;
  const cure = `Attach the policy that the infrastructure made for it (output \`Execution…\` of the stack in ${site.region}).`;
  return [rights('execution-rights', where, execution, cure)];
}

/** What the roles of the workflows may do. */
export const workflowRights = ({ workflows }: DoctorFacts): readonly Outcome[] =>
  workflows.map((report) =>
    rights(
      'workflow-rights',
      `${report.whose}, ${report.principal}`,
      report,
      'Deploy the infrastructure (`npx cdk deploy --all`).',
    ),
  );

function rights(check: CheckName, where: string, { decisions, whose }: RightsReport, cure: string): Outcome {
  return look(check, where, NEEDS, decisions, (all) => {
    if (all === undefined) {
      return check === 'execution-rights'
        ? failing('there is no such role', 'Correct the execution role of the environment.')
        : unclear(`there is no such role: the rights of ${whose} were not looked at`, cure);
    }
    return refused(all, cure);
  });
}

/** What a condition on the request would decide is not known before there is one. */
function refused(all: readonly Decision[], cure: string): Remark | undefined {
  const no = all.filter(({ decision }) => decision !== 'allowed');
  const certain = no.filter(
    ({ decision, missingContext }) => decision === 'explicitDeny' || missingContext.length === 0,
  );
  if (certain.length > 0) {
    const denied = certain.some(({ decision }) => decision === 'explicitDeny') ? ' (denied explicitly)' : '';
    return failing(`its policies do not let it ${listed(certain)}${denied}`, cure);
  }
  if (no.length === 0) return undefined;
  const keys = [...new Set(no.flatMap(({ missingContext }) => missingContext))].join(', ');
  return unclear(`whether it may ${listed(no)} hangs on ${keys}`, 'Try it, or look at the conditions of its policies.');
}

const SHOWN = 4;

function listed(decisions: readonly Decision[]): string {
  const lines = decisions.map(({ action, resource }) => `${action} on ${resource}`);
  const more = lines.length > SHOWN ? ` and ${lines.length - SHOWN} more` : '';
  return `${lines.slice(0, SHOWN).join(', ')}${more}`;
}
