import { execa } from 'execa'

/** Runs kubectl; what `apply` is given as its last word goes to standard input. */
export async function kubectl(kubeconfig: string, context: string, ...parameters: string[]): Promise<string> {
  const apply = parameters[0] === 'apply'
  const words = apply ? ['apply', '--filename=-'] : parameters
  const { stdout } = await execa('kubectl', ['--kubeconfig', kubeconfig, '--context', context, ...words], {
    input: apply ? (parameters[1] ?? '') : '',
    timeout: 200_000,
  })
  return stdout
}
