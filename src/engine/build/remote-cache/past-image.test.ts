import assert from 'node:assert/strict';
import { it } from 'node:test';
import { plainLine } from './past-image.ts';

it('a line of history says the same, whoever wrote it', () => {
  const pairs: readonly (readonly [classic: string, buildkit: string])[] = [
    ['/bin/sh -c #(nop)  ENV A=b', 'ENV A=b'],
    ['/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'],
    ['/bin/sh -c make', 'RUN /bin/sh -c make # buildkit'],
    ['|1 A=b /bin/sh -c make', 'RUN |1 A=b /bin/sh -c make # buildkit'],
    ['/bin/sh -c #(nop) COPY file:0f in / ', 'COPY a.txt / # buildkit'],
    ['/bin/sh -c #(nop) ADD dir:0f in /x ', 'ADD x /x # buildkit'],
  ];
  for (const [classic, buildkit] of pairs) assert.equal(plainLine(classic), plainLine(buildkit));
  assert.notEqual(
    plainLine('RUN /bin/sh -c make # buildkit'),
    plainLine('RUN /bin/sh -c make all # buildkit'),
  );
  assert.notEqual(plainLine('RUN |1 A=b /bin/sh -c make'), plainLine('RUN |1 A=c /bin/sh -c make'));
});
