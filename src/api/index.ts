export { Api, type ApiOptions, serverOptions } from './server.ts';
