/**
 * The two roles of an MWAA metadata database, neither a superuser. Airflow's tables belong to the first, which migrates
 * them; everything else of Airflow signs in as the second (python/mwaa/database/migrate_with_downgrade.py of
 * amazon-mwaa-docker-images).
 */
export const OWNER_ROLE = { user: 'adminuser', password: 'admin-pw' };
export const TASK_ROLE = { user: 'airflow_user', password: 'airflow-pw' };

export type DatabaseRole = typeof OWNER_ROLE;

/** For a new server. MWAA's `adminuser` grants itself to the other role; from PostgreSQL 16 on only a superuser can. */
export const CREATE_ROLES = [
  ...[OWNER_ROLE, TASK_ROLE].map(({ user, password }) => `CREATE ROLE ${user} LOGIN PASSWORD '${password}'`),
  `GRANT ${OWNER_ROLE.user} TO ${TASK_ROLE.user}`,
].join(';');

/** For a new database, also one that was made of a template: these rights are not copied. */
export const grantDatabase = (name: string): string =>
  `GRANT ALL PRIVILEGES ON DATABASE "${name}" TO ${TASK_ROLE.user}`;

/** Within a database; what is made of it has them too. */
export const GRANT_CONTENTS = [
  `GRANT ALL ON SCHEMA public TO ${TASK_ROLE.user}`,
  ...['TABLES', 'SEQUENCES', 'FUNCTIONS'].flatMap((kind) => [
    `GRANT ALL ON ALL ${kind} IN SCHEMA public TO ${TASK_ROLE.user}`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER_ROLE.user} IN SCHEMA public GRANT ALL ON ${kind} TO ${TASK_ROLE.user}`,
  ]),
].join(';');
