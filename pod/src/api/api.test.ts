import { statSync, writeFileSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { Home, channel, type Checkpoint } from '../home.fixture.js';
import type { Pod } from '../index.js';
import { checkpointSaying } from '../repository.fixture.js';
import { accessFile, accessIn, handOut, newToken } from './access.js';
import { LARGEST_BODY } from './guard.js';
import { serveApi } from './server.js';

const good: Checkpoint = checkpointSaying(0);
const better: Checkpoint = checkpointSaying(1);
const samples = Array.from({ length: 4 }, () => ({ x: 0.5, y: 0.25 }));

let home: Home;
let one: Pod;
let server: Server;
let address: string;
const token = newToken();
const authorization = `Bearer ${token}`;

beforeAll(async () => {
  home = await Home.open();
  one = await home.running(good, { person: 'nobody' }); // nothing but what is asked is counted
  ({ address, server } = await serveApi(one, { id: 'pod-id', port: 0, token }));
});
afterAll(async () => {
  server.close();
  await home.close();
});

interface Told {
  status: number;
  body: Record<string, unknown>;
}
async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(`${address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Told['body'] };
}
/** With any Host header, which fetch does not let one set. */
function raw(method: string, path: string, headers: Record<string, string>): Promise<Told> {
  return new Promise((resolve, reject) => {
    const asked = request(`${address}${path}`, { method, headers: { authorization, ...headers } }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Told['body'] }));
    });
    asked.once('error', reject);
    asked.end();
  });
}
const counters = () => one.status().counters as Record<string, number>;

describe('POST /infer', () => {
  it('answers for samples by channel names', async () => {
    const { status, body } = await post('/infer', { samples });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        id: expect.any(String),
        label: 'STILL',
        scores: { STILL: expect.closeTo(0.9526, 3), MOVING: expect.closeTo(0.0474, 3) },
        version: 1,
        checkpoint: good.id,
      },
    });
  });

  it('answers for rows in the order of the contract', async () => {
    const { body } = await post('/infer', { rows: samples.map(({ x, y }) => [x, y]) });
    expect(body).toMatchObject({ label: 'STILL' });
  });

  it.each<[string, unknown, RegExp]>([
    ['no samples', {}, /either "samples" .* or "rows"/],
    ['both', { samples, rows: [] }, /either/],
    ['too few', { samples: samples.slice(1) }, /"samples" has 3; this model takes 4 at 50 Hz/],
    ['no list', { samples: 'x' }, /"samples" is no list/],
    ['a missing channel', { samples: [...samples.slice(1), { x: 1 }] }, /samples\[3\]\.y is missing/],
    ['text for a number', { samples: [{ x: '1', y: 1 }, ...samples.slice(1)] }, /samples\[0\]\.x is "1", no number/],
    [
      'more than float32 holds',
      {
        rows: [
          [1e39, 0],
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      },
      /rows\[0\]\[0\] is 1e\+39, no number/,
    ],
    ['rows of another width', { rows: [[1], [1], [1], [1]] }, /rows\[0\] is no list of 2 numbers \(x, y\)/],
    ['no object', [1], /no JSON object/],
    ['no JSON', '{"samples": [', /no JSON \(/],
  ])('refuses %s in a sentence with a remedy', async (_, body, message) => {
    expect(await post('/infer', body)).toEqual({
      status: 400,
      body: {
        code: 'badRequest',
        origin: 'person',
        message: expect.stringMatching(message),
        remedy: expect.any(String),
      },
    });
  });

  it('refuses a body without end', async () => {
    const told = await post('/infer', ' '.repeat(LARGEST_BODY + 1)).catch(() => undefined);
    expect([413, undefined]).toContain(told?.status); // the connection may be cut before the answer is read
    expect((await post('/infer', { samples })).status).toBe(200);
  });

  it('refuses what is not sent as JSON', async () => {
    expect(await post('/infer', { samples }, { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      body: { code: 'notJson' },
    });
  });
});

describe('POST /feedback', () => {
  const answered = async (): Promise<string> => String((await post('/infer', { samples })).body.id);

  it('counts a correction once, and says so', async () => {
    const id = await answered();
    const before = counters();
    const told = await post('/feedback', { id, label: 'MOVING' });
    expect(told).toEqual({ status: 200, body: { id, corrected: true, version: 1 } });
    expect(await post('/feedback', { id, label: 'MOVING' })).toEqual(told);
    const { judged, corrections } = counters();
    expect([judged! - before.judged!, corrections! - before.corrections!]).toEqual([1, 1]);
  });

  it('counts an answer that was right as judged', async () => {
    const id = await answered();
    const before = counters();
    expect((await post('/feedback', { id, label: 'STILL' })).body).toMatchObject({ corrected: false });
    const { judged, corrections } = counters();
    expect([judged! - before.judged!, corrections! - before.corrections!]).toEqual([1, 0]);
  });

  it('takes a label that the model does not know for a correction', async () => {
    expect((await post('/feedback', { id: await answered(), label: 'DANCING' })).body).toMatchObject({
      corrected: true,
    });
  });

  it('refuses another word for the same answer, and names the first', async () => {
    const id = await answered();
    await post('/feedback', { id, label: 'STILL' });
    expect(await post('/feedback', { id, label: 'MOVING' })).toMatchObject({
      status: 409,
      body: { code: 'alreadyJudged', message: expect.stringMatching(/STILL/) },
    });
  });

  it.each<[string, object, number, string]>([
    ['no id', { label: 'STILL' }, 400, 'badRequest'],
    ['an id that is none', { id: 'x', label: 'STILL' }, 404, 'unknownAnswer'],
  ])('refuses %s', async (_, body, status, code) => {
    expect(await post('/feedback', body)).toMatchObject({ status, body: { code } });
  });

  it('refuses no label', async () => {
    expect(await post('/feedback', { id: await answered() })).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(/STILL, MOVING, or another/) },
    });
  });
});

describe('the local window', () => {
  it('refuses a name that is not this device’s (DNS rebinding)', async () => {
    const port = new URL(address).port;
    for (const host of [`evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example', '192.168.0.1'])
      expect(await raw('GET', '/status', { host })).toMatchObject({ status: 403, body: { code: 'notLoopback' } });
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'LOCALHOST'])
      expect(await raw('GET', '/status', { host })).toMatchObject({ status: 200 });
  });

  it('refuses a page of another origin, and a preflight of one', async () => {
    expect(await post('/infer', { samples }, { origin: 'https://evil.example' })).toMatchObject({ status: 403 });
    expect(await post('/infer', { samples }, { origin: 'null' })).toMatchObject({ status: 403 });
    expect((await raw('OPTIONS', '/infer', { origin: 'https://evil.example' })).status).toBe(403);
  });

  it.each<[string, string]>([
    ['no token', ''],
    ['the token of another start', `Bearer ${newToken()}`],
    ['a part of the token', `Bearer ${token.slice(0, 32)}`],
    ['the token and more', `Bearer ${token}00`],
    ['the token as a password', `Basic ${Buffer.from(`:${token}`).toString('base64')}`],
  ])('refuses a program that brings %s, whatever it asks', async (_, header) => {
    const refused = {
      status: 401,
      body: { code: 'noToken', origin: 'person', remedy: expect.stringMatching(/api\.json/) },
    };
    for (const [method, path] of [
      ['GET', '/status'],
      ['POST', '/infer'],
      ['POST', '/feedback'],
      ['GET', '/x'],
    ] as const)
      expect(await raw(method, path, { authorization: header })).toMatchObject(refused);
    expect(JSON.stringify(await raw('GET', '/status', { authorization: header }))).not.toContain(good.id);
  });

  it('does not ask for the token before it has looked at the name: a page learns nothing of it', async () => {
    expect(await raw('GET', '/status', { host: 'evil.example', authorization: '' })).toMatchObject({ status: 403 });
  });

  it('hands its token out in a file that nobody else may read, and takes it back', () => {
    const takeBack = handOut(home.state, { address, token });
    expect(statSync(accessFile(home.state)).mode & 0o777).toBe(0o600);
    expect(accessIn(home.state)).toEqual({ address, token });
    takeBack();
    expect(() => accessIn(home.state)).toThrow(expect.objectContaining({ code: 'notRunning' }));
  });

  it.each(['', '{"address": "http', '[]', 'null', '{"token": 5}'])(
    'of which api.json says %j is not running',
    (text) => {
      writeFileSync(accessFile(home.state), text);
      expect(() => accessIn(home.state)).toThrow(expect.objectContaining({ code: 'notRunning' }));
      handOut(home.state, { address, token })();
    },
  );

  it('says which paths and methods there are', async () => {
    expect(await raw('GET', '/', {})).toMatchObject({ status: 404, body: { code: 'unknownPath' } });
    expect(await raw('GET', '/__proto__', {})).toMatchObject({ status: 404 });
    expect(await raw('GET', '/infer', {})).toMatchObject({ status: 405, body: { code: 'wrongMethod' } });
  });

  it('refuses a port that is taken, and says what to do', async () => {
    await expect(serveApi(one, { id: 'x', port: Number(new URL(address).port), token })).rejects.toMatchObject({
      code: 'portTaken',
      message: expect.stringMatching(/choose another --port/),
    });
  });

  it('keeps the shape of GET /status', async () => {
    expect((await raw('GET', '/status', {})).body).toMatchObject({
      id: 'pod-id',
      name: 'test',
      channel: 'stable',
      sequence: 1,
      phase: 'following',
      version: 1,
      checkpoint: good.id,
      slots: { active: 'a' },
      history: [expect.objectContaining({ version: 1 })],
      counters: { windows: expect.any(Number), corrections: expect.any(Number), errors: 0 },
      lastContact: expect.any(String),
    });
  });

  it('answers 503 while there is no model, and 409 for an answer of a model that was left', async () => {
    const id = String((await post('/infer', { samples })).body.id);
    home.repository.publish(channel(2, better, null, 2), [good, better]);
    await one.turn();
    expect((await post('/infer', { samples })).body).toMatchObject({ label: 'MOVING', version: 2 });
    expect(await post('/feedback', { id, label: 'STILL' })).toMatchObject({
      status: 409,
      body: { code: 'answerIsOld' },
    });
    await one.stop();
    expect(await post('/infer', { samples })).toMatchObject({ status: 503, body: { code: 'noModel' } });
  });
});
