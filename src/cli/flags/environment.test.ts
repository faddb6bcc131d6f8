import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkEnv, collectEnv, collectLabels } from './environment.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-env-'));
after(() => rmSync(directory, { recursive: true }));
const file = (content: string | Buffer): string => {
  const path = join(directory, 'file');
  writeFileSync(path, content);
  return path;
};

describe('an env file', () => {
  it('is taken literally: no quotes, no escapes, no expansion', () => {
    const path = file('\uFEFFA=1\n# comment\n\n  B= two words \nC="quoted"\nD=a=b\nE=\nF=$A\r\n');
    assert.deepEqual(collectEnv([path], [], {}), [
      'A=1',
      'B= two words ',
      'C="quoted"',
      'D=a=b',
      'E=',
      'F=$A',
    ]);
  });

  it('takes bare names from here, and skips those that are not set', () => {
    assert.deepEqual(collectEnv([file('HERE\nGONE\n')], [], { HERE: 'x' }), ['HERE=x']);
  });

  it('comes before -e, which so wins', () => {
    assert.deepEqual(collectEnv([file('A=file\n')], ['A=flag'], {}), ['A=file', 'A=flag']);
  });

  it('says what is wrong with it', () => {
    assert.throws(() => collectEnv([file('A B=1')], [], {}), /'A B' contains whitespaces/);
    assert.throws(() => collectEnv([file('=1')], [], {}), /no variable name on line '=1'/);
    assert.throws(
      () => collectEnv([file(Buffer.from([0x41, 0x3d, 0xff, 0xfe]))], [], {}),
      /is not UTF-8 text/,
    );
    assert.throws(() => collectEnv(['/nonexistent'], [], {}), {
      message: 'open /nonexistent: no such file or directory',
    });
  });
});

it('-e takes a value from here, or takes the variable of the image away', () => {
  assert.deepEqual(collectEnv([], ['A=1', 'HERE', 'GONE'], { HERE: 'x' }), ['A=1', 'HERE=x', 'GONE']);
  assert.throws(() => checkEnv('=x'), { message: 'invalid environment variable: =x' });
  assert.equal(checkEnv('A'), 'A');
});

it('labels come from files and flags', () => {
  assert.deepEqual(collectLabels([file('a=1\nb\n')], ['c=2=3', 'a=4', 'd'], {}), {
    a: '4',
    b: '',
    c: '2=3',
    d: '',
  });
  assert.throws(() => collectLabels([], ['=x'], {}), /invalid label format/);
});
