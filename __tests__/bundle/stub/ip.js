import { answer } from './model.js'

const routes = {
  '-4': [
    { dst: 'default', gateway: '10.0.0.1', dev: 'eth0' },
    { dst: '10.0.0.0/24', dev: 'eth0' },
    { type: 'local', dst: '127.0.0.1', dev: 'lo', table: 'local' },
  ],
  '-6': [
    { dst: 'fd00:ffff::/64', dev: 'eth0' },
    { dst: 'fe80::/64', dev: 'eth0' },
    { type: 'local', dst: '::1', dev: 'lo', table: 'local' },
    { type: 'multicast', dst: 'ff00::/8', dev: 'eth0', table: 'local' },
  ],
}

/** `ip -json -4|-6 route show table all` */
export function ip({ argv: [, family] }) {
  return answer(JSON.stringify(routes[family]))
}
