import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/**
 * Imports go one way: action, cli → pipeline → steps → commands → plan → kind-config → model. Adapters are made at the
 * two entries only.
 */
const abovePlan = [
  '../steps',
  '../commands',
  '../adapters',
  '../pipeline',
  '../action',
  '../cli',
  '../ports',
  '../report',
]
const layers = {
  'src/model/**': ['../kind-config', '../plan', ...abovePlan],
  'src/kind-config/**': ['../plan', ...abovePlan],
  'src/plan/**': abovePlan,
  'src/commands/**': ['../steps', '../adapters', '../pipeline', '../action', '../cli', '../report'],
  'src/steps/**': ['../adapters', '../pipeline', '../action', '../cli', '../report'],
  'src/report/**': ['../steps', '../commands', '../adapters', '../action', '../cli'],
  'src/adapters/**': ['../steps', '../commands', '../pipeline', '../action', '../cli', '../report'],
  'src/pipeline.ts': ['./adapters', './action', './cli'],
  'src/action/**': ['../cli'],
  'src/cli/**': ['../action'],
}

const touchesTheWorld = ['node:*', '@actions/*', 'execa', 'fs', 'os', 'child_process']

export default tseslint.config(
  { ignores: ['dist/', 'lib/', 'node_modules/', 'coverage/'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', performance: 'readonly' },
    },
  },
  { rules: { '@typescript-eslint/no-non-null-assertion': 'error', eqeqeq: 'error' } },
  ...Object.entries(layers).map(([files, forbidden]) => ({
    files: [files],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: forbidden.flatMap((path) => [`${path}.js`, `${path}/**`]), message: 'Imports go one way.' },
            ...(/model|kind-config|plan|commands|steps|report|pipeline/.test(files)
              ? [
                  {
                    group: touchesTheWorld.concat('!node:net', '!node:crypto', '!node:path'),
                    message: 'Only adapters and the two entries touch the world.',
                  },
                ]
              : []),
            ...(files === 'src/model/**'
              ? []
              : [{ group: ['netmask'], message: 'model/cidr.ts is the one importer of netmask.' }]),
          ],
        },
      ],
    },
  })),
)
