export { flushConntrack } from './conntrack.ts';
export type { IpvlanFlag, IpvlanMode, MacvlanMode, Request, RouteSpec } from './request.ts';
export { type Address, type Block, type Link, type Route, RouteSocket } from './route-socket.ts';
export { watchAddresses, watchLinks } from './watch-links.ts';
