import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import * as packet from 'dns-packet';

/** What a fake server does with a question. */
export type Behaviour = (
  question: packet.Question,
  query: packet.DecodedPacket,
  transport: 'udp' | 'tcp',
) => Partial<packet.Packet> | Buffer | readonly (Partial<packet.Packet> | Buffer)[] | undefined;

export const address =
  (data: string, ttl = 60): Behaviour =>
  (question) => ({
    answers: [{ type: 'A', name: question.name, ttl, data }],
  });

export const code =
  (rcode: number): Behaviour =>
  () => ({ flags: rcode });

/** A name server of a test's own on the loopback, UDP and TCP, that remembers what it was asked. */
export class Upstream implements AsyncDisposable {
  readonly asked: string[] = [];
  behaviour: Behaviour;
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(udp: Socket, tcp: Server, behaviour: Behaviour) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.behaviour = behaviour;
    udp.on('message', (message, { port, address: host }) => {
      for (const reply of this.#answer(message, 'udp')) udp.send(reply, port, host);
    });
    tcp.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('data', (data: Buffer) => {
        for (const reply of this.#answer(data.subarray(2), 'tcp')) {
          const head = Buffer.alloc(2);
          head.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([head, reply]));
        }
      });
    });
  }

  static async start(behaviour: Behaviour, host = '127.0.0.1', port = 0): Promise<Upstream> {
    const udp = createSocket('udp4');
    udp.bind(port, host);
    await once(udp, 'listening');
    const tcp = createServer();
    const upstream = new Upstream(udp, tcp, behaviour);
    tcp.listen(udp.address().port, host);
    await once(tcp, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  get server() {
    return { address: '127.0.0.1', port: this.port, fromHost: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
    this.#tcp.unref();
  }

  #answer(message: Buffer, transport: 'udp' | 'tcp'): Buffer[] {
    const query = packet.decode(message);
    const [question] = query.questions ?? [];
    if (!question) return [];
    this.asked.push(`${question.type} ${question.name}${transport === 'tcp' ? ' by tcp' : ''}`);
    const reply = this.behaviour(question, query, transport);
    const replies = Array.isArray(reply) ? (reply as (Partial<packet.Packet> | Buffer)[]) : [reply];
    return replies.flatMap((each) => {
      if (each === undefined || Array.isArray(each)) return [];
      if (Buffer.isBuffer(each)) return [each];
      const base = { type: 'response' as const, id: query.id ?? 0, questions: query.questions ?? [] };
      return [packet.encode({ ...base, ...(each as Partial<packet.Packet>) })];
    });
  }
}
