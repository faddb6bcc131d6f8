import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Handler, Router } from './router.ts';

const list: Handler = () => {};
const inspect: Handler = () => {};
const get: Handler = () => {};

function router(): Router {
  const made = new Router();
  made.get('/images/json', list);
  made.get('/images/{name...}/json', inspect);
  made.get('/images/{name...}/get', get);
  made.get('/containers/{id}/json', inspect);
  return made;
}

test('the first template that fits wins, and methods differ', () => {
  assert.equal(router().find('GET', '/images/json')?.handler, list);
  assert.deepEqual(router().find('GET', '/images/a/b:c/json'), {
    handler: inspect,
    params: { name: 'a/b:c' },
  });
  assert.equal(router().find('POST', '/images/json'), undefined);
  assert.equal(router().find('GET', '/images//json'), undefined);
});

test('a plain parameter is one segment', () => {
  assert.equal(router().find('GET', '/containers/a/b/json'), undefined);
  assert.deepEqual(router().find('GET', '/containers/a%20b/json')?.params, { id: 'a b' });
  assert.throws(() => router().find('GET', '/containers/%/json'), { kind: 'invalid' });
  assert.throws(() => router().find('GET', '/containers/a%00/json'), { kind: 'invalid' });
});

test('whatever was escaped comes out again', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), (text) => {
      const name = text.replaceAll('\0', '0');
      const id = encodeURIComponent(name.toWellFormed());
      assert.equal(router().find('GET', `/containers/${id}/json`)?.params['id'], name.toWellFormed());
    }),
  );
});

test('no path at all breaks it', () => {
  fc.assert(
    fc.property(fc.webPath(), (path) => {
      router().find('GET', `/images${path}`);
    }),
  );
});
