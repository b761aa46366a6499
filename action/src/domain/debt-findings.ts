import type { Deployment } from './deployment.ts';
import type { Finding, GradedDebt } from './results.ts';
import type { Standing } from './standing.ts';
import { troubleOf } from './trouble.ts';
import type { StandingCase } from './trouble.ts';

/** What a check could not stop although it answers: `debts` are those that are left. */
export function unfenced(facts: StandingCase, debts: readonly GradedDebt[], answers: boolean): readonly Finding[] {
  const mayWork = debts.some(({ kind, grade }) => kind === 'fence' && (grade === null || grade === 'unproven'));
  if (!answers || troubleOf(facts) !== undefined || !mayWork) return [];
  return [
    worksOn(
      facts.deployment,
      facts.standing,
      'its canary does not run, and its DAGs could not be paused by its REST API',
    ),
  ];
}

/** A claim that could not be written into the record of the side which lost, although that answers. */
export function untold(facts: StandingCase, debts: readonly GradedDebt[], answers: boolean): readonly Finding[] {
  const debt = debts.find(({ kind }) => kind === 'claim');
  if (debt === undefined || !answers || troubleOf(facts) !== undefined) return [];
  const message = `the control record of ${debt.site} is behind, and could not be written: a move to ${debt.site} would be refused. Let this role write it (s3:PutObject)`;
  return [{ name: 'record-lost', message }];
}

export function worksOn({ sites }: Deployment, { roles }: Standing, why: string): Finding {
  const [active, loser] = [sites[roles.active], sites[roles.standby]];
  return {
    name: 'two-active',
    message: `${loser.region} may run its DAGs beside ${active.region}: it is back, and nothing has stopped it (${why}). Pause all DAGs of yours in Airflow of ${loser.environment}, or let this role call its REST API (airflow:InvokeRestApi), so that the next check stops it`,
  };
}
