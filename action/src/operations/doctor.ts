import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { diagnose, findingsOf } from '../domain/doctor.ts';
import type { Diagnosis, DoctorResult } from '../domain/doctor.ts';
import type { DoctorFacts } from '../domain/doctor-facts.ts';
import type { Inspector, Inspectors } from '../domain/doctor-ports.ts';
import { ruling } from '../domain/epoch.ts';
import type { Fleet } from '../domain/fleet.ts';
import type { World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import { rolesOf } from '../domain/roles.ts';
import { iso } from '../domain/stored-json.ts';
import { readControl } from './control.ts';
import { workflowReports } from './doctor-rights.ts';
import { siteFacts } from './doctor-site.ts';
import { eachDeployment } from './each-deployment.ts';
import { bothSides, probeStored, sideOf } from './sides.ts';
import { newestComplete } from './snapshots.ts';

/** Checks what the deployments need, and says how each finding is cured. Changes nothing. */
export async function doctor(fleet: Fleet & Inspectors): Promise<DoctorResult> {
  const { results, failures } = await eachDeployment(fleet, async (world, deployment, { path }) => ({
    file: path,
    ...(await examine(world, deployment, (region) => fleet.inspector(deployment, region))),
  }));
  return { operation: 'doctor', deployments: results, failures };
}

/** One deployment. Never throws for what cannot be read: that is a finding of its own. */
export async function examine(
  world: World,
  deployment: Deployment,
  inspector: (region: string) => Inspector,
): Promise<Omit<Diagnosis, 'file'>> {
  const facts = await gather(world, deployment, inspector);
  const outcomes = diagnose(facts);
  const unknown = outcomes.filter(({ level }) => level === 'unknown').length;
  return {
    deployment: deployment.deployment,
    at: iso(facts.now),
    findings: findingsOf(outcomes),
    checked: outcomes.length - unknown,
    unknown,
  };
}

async function gather(
  world: World,
  deployment: Deployment,
  inspector: (region: string) => Inspector,
): Promise<DoctorFacts> {
  const [first, second] = bothSides(world, deployment);
  const controls = await Promise.all(
    [first, second].map((side) => probeStored(async () => (await readControl(side, deployment))?.record)),
  );
  const record = ruling(
    deployment,
    controls.flatMap((control) => ('answer' in control ? (control.answer ?? []) : [])),
  );
  const roles = record === undefined ? ({ active: 0, standby: 1 } as const) : rolesOf(deployment, record);
  const standby = sideOf(world, deployment, roles.standby);
  const site = (index: 0 | 1, control: Probe<ControlRecord | undefined> | undefined) => {
    const side = sideOf(world, deployment, index);
    const patient = { side, inspector: inspector(side.region), isActive: roles.active === index };
    return siteFacts(world, deployment, patient, control ?? { answer: undefined });
  };
  const [one, two, snapshot, workflows] = await Promise.all([
    site(0, controls[0]),
    site(1, controls[1]),
    record && probeStored(() => newestComplete(world, standby, deployment, record.activated)),
    workflowReports(deployment, inspector(standby.region), standby),
  ]);
  return { deployment, now: world.clock.now(), roles, sites: [one, two], record, snapshot, workflows };
}
