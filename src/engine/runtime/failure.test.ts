import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createError, execError, RuntimeError } from './failure.ts';

const PREFIX = 'failed to create task for container: OCI runtime create failed: crun: ';
const cases: [said: string, command: string, text: string, exitCode: number][] = [
  [
    'executable file `x` not found in $PATH: No such file or directory\n',
    'x',
    'exec: "x": executable file not found in $PATH',
    127,
  ],
  [
    'executable file `/x` not found in $PATH: No such file or directory',
    '/x',
    'exec: "/x": stat /x: no such file or directory',
    127,
  ],
  [
    'executable file `x` not found: No such file or directory',
    'x',
    'exec: "x": executable file not found in $PATH',
    127,
  ],
  ['open executable: Permission denied', '/x', 'exec: "/x": permission denied', 126],
  ['open executable: Operation not permitted', '/tmp', 'exec: "/tmp": is a directory', 126],
  ['open executable: Not a directory', '/a/b', 'exec: "/a/b": stat /a/b: not a directory', 127],
  ['exec container process `/x`: Exec format error', '/x', 'exec: "/x": exec format error', 126],
  ['exec: No such file or directory', '/x', 'exec: "/x": stat /x: no such file or directory', 127],
  ['mount `/a` to `b`: Not a directory', 'x', 'mount `/a` to `b`: Not a directory', 125],
  ['', 'x', 'the runtime gave no reason', 125],
  [
    '{"level":"warning","msg":"old"}\n{"level":"error","msg":"unable to start container process: exec: \\"x\\": executable file not found in $PATH"}\n',
    'x',
    'unable to start container process: exec: "x": executable file not found in $PATH',
    127,
  ],
  [
    '{"msg":"runc create failed: unable to start container process: exec: \\"/etc\\": permission denied"}',
    '/etc',
    'runc create failed: unable to start container process: exec: "/etc": permission denied',
    126,
  ],
  [
    'chdir `/nosuch`: No such file or directory',
    'x',
    'chdir to cwd ("/nosuch") set in config.json failed: no such file or directory',
    127,
  ],
  [
    'chdir `/root`: Permission denied',
    'x',
    'chdir to cwd ("/root") set in config.json failed: permission denied',
    126,
  ],
];

for (const [said, command, text, exitCode] of cases)
  test(`${said.trim().slice(0, 60) || 'nothing'}: ${exitCode}`, () => {
    const error = createError('crun', said, command);
    assert.deepEqual([error.message, error.exitCode], [PREFIX + text, exitCode]);
    assert.equal(error.kind, exitCode === 125 ? 'system' : 'invalid');
    assert.equal(
      execError(said, command).message,
      `OCI runtime exec failed: exec failed: unable to start container process: ${text}: unknown`,
    );
  });

test('whatever a runtime says becomes an error with a message', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (said, command) => {
      const error = execError(said, command);
      assert.ok(error instanceof RuntimeError && [125, 126, 127].includes(error.exitCode));
    }),
  );
});
