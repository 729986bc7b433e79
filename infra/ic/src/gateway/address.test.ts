import { textOf } from '../subnet/principals.js';
import { addressOf } from './address.js';
import type { GatewayFailure } from './failure.js';

const A = 'rwlgt-iiaaa-aaaaa-aaaaa-cai';
const B = 'rrkah-fqaaa-aaaaa-aaaaq-cai';
const found = (host: string | undefined, url = '/', referer?: string): string => {
  try {
    const address = addressOf({ url, headers: { host, referer }, body: async () => new Uint8Array() });
    return address ? `${textOf(address.canister)} ${address.certified ? 'certified' : 'raw'}` : 'none';
  } catch (failure) {
    return (failure as GatewayFailure).cause;
  }
};

describe('which canister a request is for', () => {
  it.each<[string, string, string | undefined, string?, string?]>([
    ['the name', `${A} certified`, `${A}.localhost`],
    ['the name with a port', `${A} certified`, `${A}.localhost:4943`],
    ['the raw name', `${A} raw`, `${A}.raw.localhost`],
    ['capitals', `${A} certified`, `${A}.LocalHost`],
    ['the name of a preview', `${A} certified`, `my-branch--${A}.localhost`],
    ['a name under 127.0.0.1', `${A} raw`, `${A}.raw.127.0.0.1:80`],
    ['the query', `${A} certified`, '127.0.0.1:4943', `/x?a=1&canisterId=${A}`],
    ['the query, raw', `${A} raw`, 'localhost', `/?canisterId=${A}.raw`],
    ['IPv6', `${A} certified`, '[::1]:80', `/?canisterId=${A}`],
    ['the name before the query', `${A} certified`, `${A}.localhost`, `/?canisterId=${B}`],
    ['the query before the referer', `${A} certified`, 'localhost', `/?canisterId=${A}`, `http://${B}.localhost/`],
    ["the referer's name", `${A} certified`, 'localhost', '/style.css', `http://${A}.localhost:4943/index.html`],
    ["the referer's query", `${A} certified`, '127.0.0.1', '/style.css', `http://127.0.0.1/?canisterId=${A}`],
    ["the referer's query, raw", `${A} raw`, '127.0.0.1', '/style.css', `http://127.0.0.1/?canisterId=${A}.raw`],
    ['a name that is no canister, but the query', `${A} certified`, 'www.localhost', `/?canisterId=${A}`],
  ])('is found by %s', (...[, expected, host, url, referer]) => {
    expect(found(host, url, referer)).toBe(expected);
  });

  it.each<[string, string, string | undefined, string?, string?]>([
    ['nothing', 'none', 'localhost:4943'],
    ['a word', 'none', 'www.localhost'],
    ['a referer that is no address', 'none', 'localhost', '/', 'nonsense'],
    ['the referer of a stranger', 'none', 'localhost', '/', 'https://example.com/'],
    ['no host', 'client_no_authority', undefined, `/?canisterId=${A}`],
    ['another host, as by a rebound name', 'client_unknown_domain', 'example.com', `/?canisterId=${A}`],
    ['a host that ends like ours', 'client_unknown_domain', `${A}.notlocalhost`],
    ['too deep a name', 'client_unknown_domain', `a.${A}.raw.localhost`],
    ['a name under another than raw', 'client_unknown_domain', `${A}.foo.localhost`],
    ['a query that is no principal', 'canister_id_incorrect', 'localhost', '/?canisterId=nonsense'],
    [
      'a principal with a wrong checksum',
      'canister_id_incorrect',
      'localhost',
      '/?canisterId=rwlgt-iiaaa-aaaaa-aaaab-cai',
    ],
    ['an empty query', 'canister_id_incorrect', 'localhost', '/?canisterId='],
    ['raw alone', 'canister_id_incorrect', 'localhost', '/?canisterId=.raw'],
  ])('is not found by %s', (...[, expected, host, url, referer]) => {
    expect(found(host, url, referer)).toBe(expected);
  });
});
