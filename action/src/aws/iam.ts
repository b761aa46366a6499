import {
  IAMClient,
  paginateSimulatePrincipalPolicy,
  type EvaluationResult,
  type SimulatePrincipalPolicyCommandInput,
} from '@aws-sdk/client-iam';
import type { Decision, Rights } from '../domain/doctor-ports.ts';
import { call } from './call.ts';
import { clientConfig, type AwsSession } from './session.ts';

const DECISIONS: Readonly<Record<string, Decision['decision']>> = {
  allowed: 'allowed',
  explicitDeny: 'explicitDeny',
};

const decisionOf = (result: EvaluationResult): Decision => ({
  action: result.EvalActionName ?? '',
  resource: result.EvalResourceName ?? '*',
  decision: DECISIONS[result.EvalDecision ?? ''] ?? 'implicitDeny',
  missingContext: result.MissingContextValues ?? [],
});

/** IAM is one for the whole partition; without an endpoint of our own the client finds it from any Region. */
export function createRights(session: AwsSession, region: string): Rights {
  const client = new IAMClient(clientConfig(session, region));

  async function simulate(input: SimulatePrincipalPolicyCommandInput, abortSignal: AbortSignal) {
    const results: EvaluationResult[] = [];
    for await (const page of paginateSimulatePrincipalPolicy({ client }, input, { abortSignal }))
      results.push(...(page.EvaluationResults ?? []));
    return results.map(decisionOf);
  }

  return {
    simulate: (principalArn, actions, resources, context) =>
      call(session, { service: 'iam', region, operation: 'SimulatePrincipalPolicy' }, async (abortSignal) => {
        const input = {
          PolicySourceArn: principalArn,
          ActionNames: [...actions],
          ResourceArns: [...resources],
          ContextEntries: Object.entries(context).map(([ContextKeyName, values]) => ({
            ContextKeyName,
            ContextKeyType: 'stringList' as const,
            ContextKeyValues: [...values],
          })),
        };
        try {
          return await simulate(input, abortSignal);
        } catch (error) {
          if (error instanceof Error && error.name.startsWith('NoSuchEntity')) return undefined;
          throw error;
        }
      }),
  };
}
