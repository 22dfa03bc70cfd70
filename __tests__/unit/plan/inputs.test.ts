import { describe, expect, test } from '@jest/globals'
import { withDefaults } from '../../../src/plan/inputs.js'

describe('withDefaults', () => {
  test.each([undefined, '', '   ', '\n'])('fills in the default for %j', (given) => {
    expect(withDefaults({ clusters: given, wait: given })).toMatchObject({ clusters: '2', wait: '5m', config: '' })
  })

  test.each([
    [' 3 ', '3'],
    ['3\n', '3'],
    ['\n\n  3\n\n', '3'],
    ['- a\n- b\n', '- a\n- b'],
    ['\n  - name: a\n  - name: b\n', '  - name: a\n  - name: b'],
  ])('%j becomes %j: blanks around are taken away, the indentation of several lines is kept', (given, expected) => {
    expect(withDefaults({ clusters: given }).clusters).toBe(expected)
  })
})
