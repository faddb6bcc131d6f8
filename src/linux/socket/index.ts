// CONTRACT
import type { Duplex } from 'node:stream';
/**
 * Connects to a SOCK_SEQPACKET unix socket (conmon's attach). Each 'data' event is one record.
 * `end()` half-closes (shutdown SHUT_WR). Paths over 107 bytes are reached through /proc/self/fd.
 */
export declare function connectSeqpacket(path: string): Duplex;
