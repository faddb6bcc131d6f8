import type { HostPort, OutsidePorts, RelayTarget } from '#engine/ports';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { LineRequests } from '#linux/socket';
import { Place } from './place.ts';
import type { Answer, Question } from './protocol.ts';

/** The engine's side of its holder: the host's ports, and the end of it all. */
export class Holder implements OutsidePorts, Disposable {
  readonly #requests: LineRequests;
  readonly #log: Logger;
  #holdsOn = true;

  /** @throws SystemError when there is no holder */
  constructor(execRoot: string, log: Logger) {
    this.#requests = new LineRequests(new Place(execRoot).socket);
    this.#log = log;
  }

  open(port: HostPort, target: RelayTarget): Disposable {
    const id = this.#ask({ do: 'open', port, target });
    return {
      [Symbol.dispose]: () => {
        if (this.#holdsOn) this.#tell({ do: 'close', id });
      },
    };
  }

  letGo(): void {
    this.#holdsOn = false;
  }

  /** All ports that are wanted are open: others, of an engine before this one, are closed. */
  settle(): void {
    this.#tell({ do: 'settle' });
  }

  /** Nothing runs here any more: the namespaces go, and the network's way out. */
  end(): void {
    this.#tell({ do: 'end' });
  }

  [Symbol.dispose](): void {
    this.#requests[Symbol.dispose]();
  }

  #ask(question: Question): number {
    const answer = JSON.parse(this.#requests.request(JSON.stringify(question))) as Answer;
    if ('id' in answer) return answer.id;
    throw failure(question, answer.error);
  }

  /** Where nobody could do anything about a failure. */
  #tell(question: Question): void {
    try {
      this.#ask(question);
    } catch (error) {
      this.#log.warn(`the rootless holder failed to ${question.do}`, { error: messageOf(error) });
    }
  }
}

/** With its code, by which whoever asked knows what to do next; with a privileged port that is for the user to know. */
function failure(
  question: Question,
  { message, code }: { message: string; code: string | undefined },
): Error {
  const privileged = question.do === 'open' && (code === 'EACCES' || code === 'EPERM');
  if (!privileged) return Object.assign(new Error(message), { code });
  return new Error(
    `cannot expose privileged port ${question.port.port}: choose a larger port number, or let every user have it: ` +
      `sysctl net.ipv4.ip_unprivileged_port_start=${question.port.port}`,
  );
}
