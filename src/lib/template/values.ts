/**
 * JSON has one kind of object and one null where Go has structs, maps and several nils. These are the keys of
 * Docker's answers whose Go type is not what the shape suggests, so that they print and compare as Docker's do.
 */
const MAPS = new Set([
  'Annotations',
  'Attributes',
  'AuxiliaryAddresses',
  'BuildArgs',
  'ContainerLabels',
  'Containers',
  'Data',
  'Details',
  'DriverOpts',
  'EndpointsConfig',
  'ExposedPorts',
  'ExtraAttributes',
  'IndexConfigs',
  'Labels',
  'Networks',
  'Options',
  'PortBindings',
  'Ports',
  'Runtimes',
  'StorageOpt',
  'Sysctls',
  'Tmpfs',
  'Volumes',
]);
const POINTERS = new Set([
  'Health',
  'Healthcheck',
  'IPAMConfig',
  'Init',
  'MemorySwappiness',
  'OomKillDisable',
  'PidsLimit',
  'SizeRootFs',
  'SizeRw',
  'StopTimeout',
  'UsageData',
]);

export const isMapKey = (key: string): boolean => MAPS.has(key);
export const isPointerKey = (key: string): boolean => POINTERS.has(key);

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Go's idea of what is worth printing: not false, 0, nil or empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** How Go prints a value with `%v`. `key` is the name it was found under. */
export function print(value: unknown, key = ''): string {
  if (value === undefined) return '<no value>';
  if (value === null) {
    if (MAPS.has(key)) return 'map[]';
    return POINTERS.has(key) || key === '' ? '<nil>' : '[]';
  }
  if (Array.isArray(value)) return `[${value.map((item) => print(item)).join(' ')}]`;
  if (typeof value === 'number') return printNumber(value);
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value).filter(([, field]) => typeof field !== 'function');
  if (MAPS.has(key)) {
    const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `map[${sorted.map(([name, field]) => `${name}:${print(field, name)}`).join(' ')}]`;
  }
  return `{${entries.map(([name, field]) => print(field, name)).join(' ')}}`;
}

/** Go's %v for float64 (shortest form, exponent from 1e+21 on); whole numbers are plain. */
function printNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}
