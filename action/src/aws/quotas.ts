import {
  NoSuchResourceException,
  paginateListServiceQuotas,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { Quotas } from '../domain/doctor-ports.ts';
import { call } from './call.ts';
import { clientConfig, type AwsSession } from './session.ts';

/** MWAA's own name in Service Quotas. */
const SERVICE = 'airflow';

/** By its words, since the guide gives no code: "Environments per account per Region" (MWAA endpoints and quotas). */
const isEnvironments = (name: string | undefined): boolean =>
  /environments? per (account|region)/i.test(name ?? '') && !/worker/i.test(name ?? '');

/** Service Quotas of one Region. */
export function createQuotas(session: AwsSession, region: string): Quotas {
  const client = new ServiceQuotasClient(clientConfig(session, region));
  return {
    environments: () =>
      call(session, { service: 'servicequotas', region, operation: 'ListServiceQuotas' }, async (abortSignal) => {
        try {
          for await (const page of paginateListServiceQuotas({ client }, { ServiceCode: SERVICE }, { abortSignal })) {
            const found = page.Quotas?.find(({ QuotaName }) => isEnvironments(QuotaName));
            if (found !== undefined) return found.Value;
          }
        } catch (error) {
          if (!(error instanceof NoSuchResourceException)) throw error;
        }
        return undefined;
      }),
  };
}
