import tseslint from 'typescript-eslint';

/**
 * Dependencies point inwards. Each rule names what a folder may (or may not) import; the message says where the code
 * belongs instead.
 */
const direction = (files, regex, message) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ regex, message }] }],
    'no-restricted-syntax': [
      'error',
      { selector: 'ImportExpression', message: 'Import statically: see the direction of dependencies.' },
      { selector: "NewExpression[callee.name='S3Client']", message: 'createS3Client names the owner of the bucket.' },
    ],
  },
});

const only = (...allowed) => `^(?!(?:${allowed.join('|')}))`;
const packages = (...names) => names.map((name) => `${name}$`);

const directions = [
  direction(
    ['action/src/domain/**'],
    only(
      '\\./',
      ...packages(
        'zod',
        '@humanwhocodes/momoa',
        'fastest-levenshtein',
        'fflate',
        'node:crypto',
        'node:path/posix',
        'node:zlib',
      ),
    ),
    'domain/ decides and does no I/O: it imports only domain/.',
  ),
  direction(
    ['action/src/report/**'],
    only('\\./', '\\.\\./domain/', ...packages('diff')),
    'report/ is pure text: it imports only domain/.',
  ),
  direction(
    ['action/src/operations/**'],
    only('\\./', '\\.\\./domain/', '\\.\\./report/', ...packages('p-limit')),
    'operations/ tells its story over ports: it imports domain/ (with the ports) and report/, never an adapter.',
  ),
  direction(
    ['action/src/aws/**', 'action/src/airflow/**', 'action/src/dag-check/**', 'action/src/github/**'],
    '(?:^|/)(?:operations|report)/|(?:^|/)(?:run|index|cli)\\.ts$|^@actions/core$',
    'An adapter implements a port: it knows neither operations nor reports nor the workflow that runs it.',
  ),
  direction(
    ['infra/**'],
    'action/src/(?!domain/(?:deployment|deployment-file|grants|names)\\.ts$)|^@aws-sdk/|^@actions/',
    'infra/ shares only names, grants and the deployment file with the action.',
  ),
  { files: ['action/src/aws/s3-client.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['action/src/*.ts'],
    ignores: ['action/src/run.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^@actions/core$', message: 'Only run.ts talks to the workflow.' }] },
      ],
    },
  },
];

export default tseslint.config(
  { ignores: ['action/dist/**', 'cdk.out/**', 'coverage/**', 'node_modules/**', '.sandbox/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  ...directions,
  { files: ['**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
