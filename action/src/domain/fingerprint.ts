import type { ArtifactPlan } from './artifact-plan.ts';
import type { Deployment } from './deployment.ts';
import { canonicalJson, sha256 } from './envelope.ts';
import type { ComparedSite } from './plan-fields.ts';
import type { FieldRow, Plan } from './plan-model.ts';

/** What was reviewed: everything that the work follows from, and nothing that changes by itself. */
export interface Reviewed {
  readonly deployment: Deployment;
  readonly tool: string;
  readonly rows: readonly FieldRow[];
  /** By role: active, standby. */
  readonly sites: readonly [ComparedSite, ComparedSite];
  readonly active: string;
  readonly role: Plan['role'];
  readonly artifacts: ArtifactPlan | undefined;
}

/**
 * Names of what is no field in the fingerprints. None of them can be a field: fields begin with a capital.
 */
export const PARTS = {
  tool: 'the release of the action',
  places: 'names, accounts or Regions of the environments',
  file: 'the deployment file',
  rules: 'manage, ignore or siteLocal',
  role: 'who is active',
  sites: 'which environments exist',
  artifacts: 'the artifacts',
} as const;

/**
 * Hex SHA-256 over what was reviewed, whatever the order of keys. Values that are hidden and not in Git enter by their
 * letters only: a digest stands in comments, and a short secret could be guessed from it.
 */
export function digestOf(reviewed: Reviewed): string {
  const rows = Object.fromEntries(reviewed.rows.map((row) => [row.field, comparable(row)]));
  return hash({ parts: partsOf(reviewed), rows });
}

/** Field or part → 8 hex of what was reviewed of it, so that a later plan can say what has moved. */
export function fingerprintsOf(reviewed: Reviewed): Readonly<Record<string, string>> {
  const rows = reviewed.rows.map((row) => [row.field, short(comparable(row))] as const);
  const parts = Object.entries(partsOf(reviewed)).map(([part, value]) => [part, short(value)] as const);
  return Object.fromEntries([...rows, ...parts]);
}

/** What differs between two plans' fingerprints, in words: names of fields, and of what is no field. */
export function movedSince(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names]
    .filter((name) => before[name] !== now[name])
    .toSorted()
    .map((name) => (name in PARTS ? PARTS[name as keyof typeof PARTS] : name));
}

/** With what would be done: an exception that ends changes the work, and nothing else of the row. */
const comparable = ({ git, active, standby, changes }: FieldRow): unknown => ({ git, active, standby, changes });

function partsOf({
  deployment,
  tool,
  sites,
  active,
  role,
  artifacts,
}: Reviewed): Readonly<Record<keyof typeof PARTS, unknown>> {
  const { manage, ignore, siteLocal, strategy } = deployment;
  const places = deployment.sites.map(({ region, account, environment }) => ({ region, account, environment }));
  return {
    tool,
    places: { deployment: deployment.deployment, sites: places },
    file: sites.map(({ declared, pins, strategy: replacing }) => ({
      settings: withoutPins(declared.settings),
      whole: [...declared.whole].toSorted(),
      pins: Object.fromEntries(
        Object.entries(pins).map(([name, { key, sha256: content }]) => [name, { key, content }]),
      ),
      strategy: replacing ?? null,
    })),
    rules: { manage, ignore, siteLocal, strategy },
    role: { active, verdict: role.verdict, message: role.message },
    sites: sites.map(({ state }) => state),
    artifacts: artifacts === undefined ? null : { bundle: artifacts.bundle, rows: ownRows(artifacts) },
  };
}

/** Files that others keep in the bucket are shown, and are no part of the work. */
const ownRows = ({ rows, others }: ArtifactPlan): ArtifactPlan['rows'] =>
  rows.filter(({ path }) => !others.includes(path));

/** Pins enter by their content: the version comes with the upload, before or after the review. */
const withoutPins = (settings: ComparedSite['declared']['settings']): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(settings).filter(([field]) => !field.endsWith('S3ObjectVersion')));

const hash = (value: unknown): string => sha256(canonicalJson(value));

const short = (value: unknown): string => hash(value).slice(0, 8);
