/** ES modules, so jest runs as `node --experimental-vm-modules`; see test/tools/jest.ts. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/jest.transform.mjs' },
};

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.bed\\.test\\.ts$'],
    },
    // These start the sandbox with its real Airflows: one at a time, after everything else.
    { ...common, displayName: 'bed', testMatch: ['<rootDir>/test/**/*.bed.test.ts'] },
  ],
  maxWorkers: 2,
  coverageProvider: 'v8',
  coverageReporters: ['text'],
  // Where the decisions are; adapters are proved by the tests against the sandbox.
  collectCoverageFrom: ['action/src/domain/**/*.ts', 'action/src/report/**/*.ts'],
  coverageThreshold: { global: { lines: 95 } },
};
