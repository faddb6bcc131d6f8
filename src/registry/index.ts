/** An OCI distribution 1.1 registry: `Registry` is what it holds, `registryServer` serves it over HTTP. */
export { Access, type AccessOptions } from './access/access.ts';
export type { Right, Rule } from './access/rules.ts';
export type { Quota } from './content/quotas.ts';
export { type Code, Refusal } from './errors.ts';
export { registryServer, type ServerOptions, type TlsOptions } from './http/server.ts';
export { Registry, type RegistryOptions } from './registry.ts';
