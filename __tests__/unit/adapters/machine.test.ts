import { expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { machine } from '../../../src/adapters/machine.js'

test('has the loopback among its addresses', () => {
  expect(machine.addresses()).toContain('127.0.0.1')
})

test('resolves names, and addresses to themselves', async () => {
  expect(await machine.resolve('localhost')).toBe('127.0.0.1')
  expect(await machine.resolve('fd00::5')).toBe('fd00::5')
  expect(await machine.resolve('no-such-name.invalid')).toBeUndefined()
})

test('knows who it is', () => {
  const tell = (...what: string[]) => execFileSync('id', what, { encoding: 'utf8' }).trim()
  expect(machine.user()).toEqual({ name: tell('--user', '--name'), uid: Number(tell('--user')) })
})

test('knows the group of a file, and that one is not there', async () => {
  expect(await machine.groupOf('/etc/passwd')).toBe(0)
  expect(await machine.groupOf('/nowhere/at/all')).toBeUndefined()
})
