import { encode } from 'cborg';
import { createHash } from 'node:crypto';
import { hashTree, labelled, leaf, type HashTree, type Tree } from '../certificates/index.js';
import { representationIndependentHash, selfDescribed } from '../envelopes/index.js';
import type { TestCanister } from './test-canister.js';

/** Certifies the response as a whole, whatever the request (HTTP gateway protocol: response verification 2). */
const EXPRESSION =
  'default_certification(ValidationArgs{certification:Certification{no_request_certification:Empty{},' +
  'response_certification:ResponseCertification{certified_response_headers:' +
  'ResponseHeaderList{headers:["content-type"]}}}})';

const sha = (data: Uint8Array | string): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest());

/** Says, certified itself, that the response is not. */
const NO_CERTIFICATION = 'default_certification(ValidationArgs{no_certification:Empty{}})';

export interface Page {
  status: number;
  type: string;
  body: string;
}

/** A page of the test canister; certified as a whole, as needing no certificate, or its path and body only. */
export interface CertifiedPage extends Page {
  path: string;
  range?: string;
  more?: [string, string][];
  how?: 'whole' | 'nothing' | 'version 1';
}

/** Lets a canister certify a page. @returns the headers that it would serve it with */
export async function certifyPage(canister: TestCanister, name: string, page: Page): Promise<[string, string][]> {
  return (await certifyPages(canister, [{ ...page, path: `/${name}` }]))[0]!;
}

/** Lets a canister certify these pages and serve them. */
export async function servePages(canister: TestCanister, pages: CertifiedPage[]): Promise<void> {
  const headers = await certifyPages(canister, pages);
  for (const [index, { path, range, status, body }] of pages.entries()) {
    await canister.serve(`GET ${path}${range ? ` ${range}` : ''}`, {
      status_code: status,
      headers: headers[index]!,
      body: Buffer.from(body),
      upgrade: [],
      streaming_strategy: [],
    });
  }
}

async function certifyPages(canister: TestCanister, pages: CertifiedPage[]): Promise<[string, string][][]> {
  const tree = treeOf(pages);
  await canister.certify(tree.digest);
  const certificate = (await canister.certificate())[0]!;
  const field = (bytes: Uint8Array): string => `:${Buffer.from(bytes).toString('base64')}:`;
  const proof =
    `certificate=${field(Uint8Array.from(certificate))}, ` + `tree=${field(selfDescribed(encode(tree.witness([[]]))))}`;
  return pages.map((page) => {
    if (page.how === 'version 1') return [...certifiedHeaders(page), ['ic-certificate', proof]];
    const path = field(selfDescribed(encode(['http_expr', ...segments(page), '<$>'])));
    return [
      ...certifiedHeaders(page),
      ['ic-certificateexpression', expression(page)],
      ['ic-certificate', `${proof}, version=2, expr_path=${path}`],
    ];
  });
}

/** The tree of a canister that serves these pages: its root is what the canister certifies. */
function treeOf(pages: CertifiedPage[]): HashTree {
  const root: Branch = new Map();
  const add = (path: (string | Uint8Array)[], value: Uint8Array): void => {
    let at = root;
    for (const label of path.slice(0, -1).map(keyOf)) {
      if (!at.has(label)) at.set(label, new Map());
      at = at.get(label) as Branch;
    }
    at.set(keyOf(path.at(-1)!), value);
  };
  for (const page of pages) {
    if (page.how === 'version 1') add(['http_assets', page.path], sha(page.body));
    else
      add(
        [
          'http_expr',
          ...segments(page),
          '<$>',
          sha(expression(page)),
          ...(page.how === 'nothing' ? [] : ['', responseHash(page)]),
        ],
        new Uint8Array(),
      );
  }
  return hashTree(treeBelow(root));
}

type Branch = Map<string, Branch | Uint8Array>;

const keyOf = (label: string | Uint8Array): string => Buffer.from(label as string).toString('hex');

function treeBelow(branch: Branch): Tree {
  return labelled(
    [...branch].map(([label, below]): [Uint8Array, Tree] => [
      Buffer.from(label, 'hex'),
      below instanceof Map ? treeBelow(below) : leaf(below),
    ]),
  );
}

const segments = ({ path }: CertifiedPage): string[] => path.split('/').slice(1);
const expression = ({ how, more = [] }: CertifiedPage): string =>
  how === 'nothing'
    ? NO_CERTIFICATION
    : EXPRESSION.replace(
        '"content-type"',
        ['content-type', ...more.map(([name]) => name)].map((name) => `"${name}"`).join(','),
      );
const certifiedHeaders = ({ type, more = [] }: CertifiedPage): [string, string][] => [['content-type', type], ...more];

function responseHash(page: CertifiedPage): Uint8Array {
  const headers = representationIndependentHash(
    new Map<string, unknown>([
      ...certifiedHeaders(page),
      ['ic-certificateexpression', expression(page)],
      [':ic-cert-status', page.status],
    ]),
  );
  return sha(Buffer.concat([headers, sha(page.body)]));
}
