/** ES modules, so jest runs as `node --experimental-vm-modules`; see test/tools/jest.ts. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  setupFiles: ['<rootDir>/test/support/node-errors.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/jest.transform.mjs' },
};

const project = (displayName, folders, suffix) => ({
  ...common,
  displayName,
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.${suffix}.ts`),
  testPathIgnorePatterns: suffix === 'test' ? ['/node_modules/', '\\.(bed|long)\\.test\\.ts$'] : ['/node_modules/'],
});

export default {
  projects: [
    // Decisions, operations and adapters, in this process.
    project('unit', ['unit', 'scenarios', 'chaos'], 'test'),
    // The bundle, the templates, the tools and the sandbox's services, in processes of their own.
    project('services', ['dagcheck', 'e2e', 'github', 'infra', 'sandbox', 'tools', 'workflows'], 'test'),
    // These start the sandbox with its real Airflows: one at a time, after everything else.
    project('bed', ['**'], 'bed.test'),
    // The same, and too long for every run: `npm run test:all`.
    project('long', ['**'], 'long.test'),
    // DAGs of others through real moves, for twenty minutes a version: `npm run test:foreign`.
    project('foreign', ['foreign'], 'foreign.test'),
  ],
  maxWorkers: 2,
  // A guard against what hangs, not a measure: CI plays thousands of virtual hours on two shared cores.
  testTimeout: 60_000,
  // What V8 itself counts is merged file by file at the end, on one core: twice the time of the whole stage.
  coverageProvider: 'babel',
  coverageReporters: ['text'],
  // Where the decisions are; adapters are proved by the tests against the sandbox.
  collectCoverageFrom: [
    'action/src/domain/**/*.ts',
    'action/src/report/**/*.ts',
    '!action/src/domain/{ports,results}.ts',
  ],
  coverageThreshold: { global: { lines: 95 } },
};
