/** services(5): port by `name/protocol`, aliases too. */
export function parseServices(text: string): ReadonlyMap<string, number> {
  const services = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, place, ...aliases] = line.replace(/#.*$/, '').trim().split(/\s+/);
    const [port, protocol] = place?.split('/', 2) ?? [];
    if (name === undefined || protocol === undefined || !/^\d+$/.test(port ?? '')) continue;
    for (const each of [name, ...aliases]) services.set(`${each.toLowerCase()}/${protocol}`, Number(port));
  }
  return services;
}
