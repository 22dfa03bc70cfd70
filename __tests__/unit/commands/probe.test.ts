import { describe, expect, test } from '@jest/globals'
import { AUTHORITATIVE_ANSWER, decode, encode, type Answer as ResourceRecord } from 'dns-packet'
import { parseAllDocuments } from 'yaml'
import {
  askFrom,
  checkOf,
  parseAnswers,
  probeManifest,
  probeOfCheck,
  probesOfRun,
} from '../../../src/commands/probe.js'

/** What CoreDNS' whoami answers: the client's address and port in the additional section. */
function whoami(...additionals: ResourceRecord[]): string {
  return encode({
    type: 'response',
    id: 0x4b46,
    flags: AUTHORITATIVE_ANSWER,
    questions: [{ type: 'A', name: 'whoami' }],
    additionals,
  }).toString('base64')
}

const srv: ResourceRecord = {
  type: 'SRV',
  name: '_udp.whoami',
  ttl: 0,
  data: { port: 40212, target: '.', priority: 0, weight: 0 },
}

describe('parseAnswers', () => {
  test('finds the address that was seen, and the milliseconds', () => {
    const output = [
      `10.129.0.10 1250 ${whoami({ type: 'A', name: 'whoami', data: '10.128.0.10' }, srv)}`,
      `10.129.1.10 90 ${whoami(srv, { type: 'AAAA', name: 'whoami', data: 'fd00::10' })}`,
      '10.130.0.10 - -',
      '',
    ].join('\n')
    expect([...parseAnswers(output)]).toEqual([
      ['10.129.0.10', { latency: 1.25, source: '10.128.0.10' }],
      ['10.129.1.10', { latency: 0.09, source: 'fd00::10' }],
      ['10.130.0.10', {}],
    ])
  })

  test('takes an answer without an address for one that tells no source', () => {
    expect(parseAnswers(`10.129.0.10 100 ${whoami(srv)}`).get('10.129.0.10')).toEqual({ latency: 0.1 })
  })

  test('finds nothing in nothing', () => {
    expect(parseAnswers('').size).toBe(0)
  })
})

describe('the manifest', () => {
  interface Manifest {
    kind: string
    metadata: { name: string; namespace: string; labels: Record<string, string> }
    spec: { template: { metadata: { annotations: Record<string, string>; labels: Record<string, string> } } }
  }
  const objects = parseAllDocuments(
    probeManifest('registry.k8s.io/coredns/coredns:v1.12.1', 'c4ec0de1', 'feedc0de'),
  ).map((document) => document.toJS() as Manifest)
  const [service, daemonSet] = objects as [Manifest, Manifest]
  /** The labels that a selector asks for. */
  const labelsOf = (selector: string) =>
    Object.fromEntries(selector.split(',').map((pair) => pair.split('='))) as object

  test('is objects of that check alone, which its selector finds, as the one of its run does', () => {
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Service kind-flat-network-probe-c4ec0de1',
      'DaemonSet kind-flat-network-probe-c4ec0de1',
    ])
    const { labels } = daemonSet.spec.template.metadata
    for (const each of [...objects.map(({ metadata }) => metadata.labels), labels]) {
      expect(each).toMatchObject(labelsOf(probeOfCheck('c4ec0de1')))
      expect(each).toMatchObject(labelsOf(probesOfRun('feedc0de')))
      expect(checkOf(each)).toBe('c4ec0de1')
    }
    expect(checkOf({ 'app.kubernetes.io/name': 'grafana', 'app.kubernetes.io/instance': 'c4ec0de1' })).toBeUndefined()
  })

  test('has a Service in every family, for the pods and the port that are asked', () => {
    expect(service).toMatchObject({
      spec: {
        selector: labelsOf(probeOfCheck('c4ec0de1')),
        ipFamilyPolicy: 'PreferDualStack',
        ports: [{ port: 5353, targetPort: 'dns', protocol: 'UDP' }],
      },
    })
  })

  test('runs on every node from the image that is there, and is ready when CoreDNS says so', () => {
    expect(daemonSet).toMatchObject({
      spec: {
        selector: { matchLabels: labelsOf(probeOfCheck('c4ec0de1')) },
        template: {
          spec: {
            tolerations: [{ operator: 'Exists' }],
            containers: [
              {
                image: 'registry.k8s.io/coredns/coredns:v1.12.1',
                imagePullPolicy: 'IfNotPresent',
                args: ['-conf', '/etc/coredns/Corefile'],
                ports: [{ containerPort: 5353, protocol: 'UDP' }],
                readinessProbe: { httpGet: { path: '/health', port: 8080 } },
              },
            ],
            volumes: [
              {
                downwardAPI: {
                  items: [
                    {
                      path: 'Corefile',
                      fieldRef: { fieldPath: "metadata.annotations['kind-flat-network/corefile']" },
                    },
                  ],
                },
              },
            ],
          },
        },
      },
    })
  })

  test('has CoreDNS answer with who asks, on the port that is asked', () => {
    const { annotations } = daemonSet.spec.template.metadata
    expect(annotations['kind-flat-network/corefile']?.split('\n').map((line) => line.trim())).toEqual([
      '.:5353 {',
      'whoami',
      'health :8080',
      '}',
      '',
    ])
  })
})

describe('asking', () => {
  const command = askFrom('east-worker', '10.128.1.10', [
    { address: '10.129.0.10', seconds: 0 },
    { address: '10.130.0.10', seconds: 15 },
  ])

  test('is one exec with the own pod first and all targets behind it', () => {
    expect(command.slice(0, 5)).toEqual(['docker', 'exec', 'east-worker', 'bash', '-c'])
    expect(command.slice(6)).toEqual(['bash', '10.128.1.10', '10.129.0.10,0', '10.130.0.10,15'])
  })

  test('sends a DNS query for whoami whose first byte is not zero', () => {
    const [, bytes = ''] = /printf "((?:\\x[0-9a-f]{2})+)"/.exec(command[5] ?? '') ?? []
    const packet = Buffer.from(bytes.replaceAll('\\x', ''), 'hex')
    expect(packet[0]).not.toBe(0)
    expect(decode(packet)).toMatchObject({
      type: 'query',
      flag_rd: true,
      questions: [{ type: 'A', class: 'IN', name: 'whoami' }],
    })
  })
})
