const units = [
  { least: 1e9, name: 'GB' },
  { least: 1e6, name: 'MB' },
  { least: 1e3, name: 'kB' },
] as const

/** `6.9 MB` */
export function formatBytes(bytes: number): string {
  const unit = units.find(({ least }) => bytes >= least)
  return unit === undefined ? `${String(bytes)} bytes` : `${(bytes / unit.least).toFixed(1)} ${unit.name}`
}
