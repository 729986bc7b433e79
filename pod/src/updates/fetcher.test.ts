import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Repository } from '../repository.fixture.js';
import { Fetcher } from './fetcher.js';

let repository: Repository;
let address: string;
beforeEach(async () => {
  repository = new Repository();
  address = await repository.listen();
});
afterEach(() => repository.close());

const get = (path: string, limit = 100, absent?: readonly number[]) =>
  new Fetcher(address, '').get(path, limit, absent);
const answer = (status: number, body = '', headers: Record<string, string> = {}): void =>
  void repository.instead.set('/x.json', { status, body, headers });

describe('what is fetched', () => {
  it('has at most the bytes that it may have: as many are read, one more is refused', async () => {
    repository.files.set('/x.json', Buffer.from('12345'));
    expect(await get('/x.json', 5)).toEqual(Buffer.from('12345'));
    await expect(get('/x.json', 4)).rejects.toMatchObject({ code: 'tooLarge', details: { path: '/x.json', limit: 4 } });
    repository.files.set('/x.json', Buffer.alloc(0));
    expect(await get('/x.json', 0)).toEqual(Buffer.alloc(0));
  });

  it('is whole when it comes in parts, and is not counted part by part', async () => {
    const parts = createServer((_, response) => {
      response.write('123');
      setTimeout(() => response.end('456'), 20);
    });
    await new Promise<void>((resolve) => parts.listen(0, '127.0.0.1', resolve));
    const fetcher = new Fetcher(`http://127.0.0.1:${(parts.address() as AddressInfo).port}`, '');
    try {
      expect(String(await fetcher.get('/x', 6))).toBe('123456');
      await expect(fetcher.get('/x', 5)).rejects.toMatchObject({ code: 'tooLarge' });
    } finally {
      parts.closeAllConnections();
      parts.close();
    }
  });

  it('is nothing where there is none: 404, and 403 only where that is said to mean the same', async () => {
    expect(await get('/x.json')).toBeUndefined();
    answer(403);
    await expect(get('/x.json')).rejects.toMatchObject({ code: 'network', details: { status: 403 } });
    expect(await get('/x.json', 100, [403, 404])).toBeUndefined();
  });

  it('comes from the repository’s own address: no redirect is followed', async () => {
    for (const status of [300, 302, 399]) {
      answer(status, '', { location: 'http://127.0.0.1:1/log-in' });
      await expect(get('/x.json')).rejects.toMatchObject({
        code: 'notTheRepository',
        message: expect.stringContaining('http://127.0.0.1:1/log-in'),
      });
    }
    answer(302);
    await expect(get('/x.json')).rejects.toMatchObject({ message: expect.stringContaining('elsewhere') });
  });

  it.each([400, 429, 500, 503])('is asked for again after an answer of %d', async (status) => {
    answer(status);
    await expect(get('/x.json')).rejects.toMatchObject({
      code: 'network',
      details: { status },
      message: `/x.json answers ${status}; the pod tries again.`,
    });
  });

  it('is no page for people, whatever it calls itself', async () => {
    answer(200, '<p>Log in', { 'content-type': 'text/html; charset=utf-8' });
    await expect(get('/x.json')).rejects.toMatchObject({ code: 'notTheRepository' });
    for (const page of ['<!doctype html>', ' \n<!DOCTYPE html>', '<html lang=en>', '<HTML>']) {
      answer(200, page);
      await expect(get('/x.json')).rejects.toMatchObject({ code: 'notTheRepository' });
    }
    for (const other of ['{"a":"<html>"}', `${' '.repeat(200)}<html>`, 'text <html>']) {
      answer(200, other, { 'content-type': 'application/text/html' });
      expect(String(await get('/x.json', 1000))).toBe(other);
    }
    answer(502, '<html>', { 'content-type': 'TEXT/HTML' });
    await expect(get('/x.json')).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('502 with an HTML page'),
    });
  });

  it('may be of any bytes where it is no JSON: a chunk that begins like a page is one', async () => {
    repository.files.set('/chunks/1', Buffer.from('<html>'));
    expect(String(await get('/chunks/1'))).toBe('<html>');
  });

  it('is asked for below the base, with the query of a gateway that wants one', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      response.end('x');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await new Fetcher(`${base}/repo/`, 'canisterId=x.raw').get('/a.json', 10);
      await new Fetcher(`${base}/repo`, '').get('/a.json', 10);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(asked).toEqual(['/repo/a.json?canisterId=x.raw', '/repo/a.json']);
  });

  it('is given up when a sender is slow, for the request as a whole', async () => {
    const slow = createServer((_, response) => void response.write('1'));
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const fetcher = new Fetcher(`http://127.0.0.1:${(slow.address() as AddressInfo).port}`, '', 50);
    try {
      await expect(fetcher.get('/x', 10)).rejects.toMatchObject({ code: 'network' });
    } finally {
      slow.closeAllConnections();
      slow.close();
    }
  });

  it('says why when nobody answers', async () => {
    const port = new URL(address).port;
    await repository.close();
    await expect(get('/x.json')).rejects.toMatchObject({
      code: 'network',
      details: { address: `http://127.0.0.1:${port}/x.json` },
      message: expect.stringContaining('ECONNREFUSED'),
    });
    repository = new Repository();
    await repository.listen();
  });
});
