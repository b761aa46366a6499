import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { diagnose, findingsOf } from '../domain/doctor.ts';
import type { Diagnosis, DoctorResult } from '../domain/doctor.ts';
import type { DoctorFacts } from '../domain/doctor-facts.ts';
import type { Inspector, Inspectors } from '../domain/doctor-ports.ts';
import type { Fleet } from '../domain/fleet.ts';
import type { World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import { iso } from '../domain/stored-json.ts';
import type { BothControls } from './control.ts';
import { workflowReports } from './doctor-rights.ts';
import { siteFacts } from './doctor-site.ts';
import { eachDeployment } from './each-deployment.ts';
import { probeStored, sideOf } from './sides.ts';
import { newestComplete } from './newest-whole.ts';
import { readStanding } from './standing.ts';

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
  const { controls, standing } = await readStanding(world, deployment);
  const record = standing?.record;
  const roles = standing?.roles ?? ({ active: 0, standby: 1 } as const);
  const standby = sideOf(world, deployment, roles.standby);
  const site = (index: 0 | 1) => {
    const side = sideOf(world, deployment, index);
    const patient = { side, inspector: inspector(side.region), isActive: roles.active === index };
    return siteFacts(world, deployment, patient, recordOf(controls[index]));
  };
  const [one, two, snapshot, workflows] = await Promise.all([
    site(0),
    site(1),
    record && probeStored(() => newestComplete(world, standby, deployment, record.activated)),
    workflowReports(deployment, inspector(standby.region), standby),
  ]);
  return { deployment, now: world.clock.now(), roles, sites: [one, two], record, snapshot, workflows };
}

const recordOf = (control: BothControls[number]): Probe<ControlRecord | undefined> =>
  'answer' in control ? { answer: control.answer?.record } : control;
