import { conflict } from '#lib/errors';
import type { ContainerRecord, Working } from './record.ts';
import { hasProcess } from './state.ts';

/** Every working container has it, and never the image: lists can ask for it. Its value is the image it began with. */
export const WORKING_LABEL = 'org.berth.working';

/** `busybox-working-container`, `busybox-working-container-1`. */
export function workingName(image: string, isTaken: (name: string) => boolean): string {
  const base = `${lastName(image)}-working-container`;
  for (let number = 0; ; number++) {
    const name = number === 0 ? base : `${base}-${number}`;
    if (!isTaken(name)) return name;
  }
}

/** `app` of `example.com:5000/team/app:1@sha256:...`; the first digits of an id. */
function lastName(image: string): string {
  const id = /^(?:sha256:)?([0-9a-f]{12})[0-9a-f]*$/.exec(image);
  if (id?.[1] !== undefined) return id[1];
  const [name = ''] = image.split('@', 1);
  return name.slice(name.lastIndexOf('/') + 1).replace(/:.*$/, '');
}

/** What makes a container a working one. @throws conflict for an ordinary container */
export function expectWorking({ name, working }: ContainerRecord): Working {
  if (working) return working;
  throw conflict(`container ${name} is no working container: make one with "berth from IMAGE"`);
}

/** One command at a time: the configuration that it runs with is the record's. @throws conflict */
export function expectIdle({ name, state }: ContainerRecord): void {
  if (hasProcess(state)) throw conflict(`working container ${name} runs a command already: wait for its end`);
  if (state.status === 'removing' || state.status === 'dead') {
    throw conflict(`working container ${name} is being removed`);
  }
}

/** A working container runs nothing but what it was just given: `ticket` is the word for it. @throws conflict */
export function checkTicket({ name, working }: ContainerRecord, ticket?: string): void {
  if (!working || (ticket !== undefined && ticket === working.ticket)) return;
  throw conflict(
    ticket === undefined
      ? `container ${name} is a working container: run a command in it with "berth run --build"`
      : `working container ${name} was given another command meanwhile`,
  );
}
